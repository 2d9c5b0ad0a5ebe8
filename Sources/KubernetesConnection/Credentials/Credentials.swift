internal import FoundationEssentials

/// Who we are, for one request.
struct RequestCredentials: Sendable, Hashable {
    /// The `Authorization` header; empty: none.
    var authorization = ""
    /// A certificate and its key in PEM that a plugin gave, in place of those configured.
    var identity: Identity?

    struct Identity: Sendable, Hashable {
        var certificate: [UInt8]
        var key: [UInt8]
    }
}

/// Gives each request its credentials, as fresh as they need to be.
final class Credentials: Sendable {
    private let settings: CredentialSettings
    private let plugin: ExecCredentialCache?

    /// - Parameter now: seconds since 1970.
    init(_ settings: CredentialSettings, now: @escaping @Sendable () -> Int64) {
        self.settings = settings
        if case .exec(let plugin) = settings {
            self.plugin = ExecCredentialCache(plugin, now: now)
        } else {
            plugin = nil
        }
    }

    /// - Throws: ``ConnectionError`` when a token file cannot be read or a plugin fails.
    func current() async throws -> RequestCredentials {
        switch settings {
        case .none: return RequestCredentials()
        case .token(let token): return RequestCredentials(authorization: "Bearer \(token)")
        case .tokenFile(let file):
            let token = try checkedToken(String(decoding: file.read(), as: UTF8.self), origin: file.origin)
            return RequestCredentials(authorization: "Bearer \(token)")
        case .basic(let user, let password):
            return RequestCredentials(authorization: "Basic \(Data("\(user):\(password)".utf8).base64EncodedString())")
        case .exec:
            guard let plugin else { return RequestCredentials() }
            return try await plugin.current()
        }
    }

    /// The server did not accept them (401).
    ///
    /// - Returns: whether asking again may give others.
    func refused(_ credentials: RequestCredentials) async -> Bool {
        switch settings {
        case .none, .token, .basic: return false
        case .exec:
            plugin?.forget(credentials)
            return true
        case .tokenFile:
            // It may have rotated between reading and the server's look at it.
            let now = try? await current()
            return now != nil && now != credentials
        }
    }
}
