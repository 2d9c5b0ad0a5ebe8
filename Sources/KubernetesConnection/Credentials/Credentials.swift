internal import FoundationEssentials
internal import Synchronization

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
    /// What a token file held last.
    private struct TokenState {
        var token: String?
        var fault: ConnectionError?
        /// The fault was not told yet.
        var isNews = false
    }

    private let settings: CredentialSettings
    private let plugin: ExecCredentialCache?
    private let tokenState = Mutex(TokenState())

    /// - Parameter now: seconds since 1970.
    init(_ settings: CredentialSettings, now: @escaping @Sendable () -> Int64) {
        self.settings = settings
        if case .exec(let plugin) = settings {
            self.plugin = ExecCredentialCache(plugin, now: now)
        } else {
            plugin = nil
        }
    }

    /// - Throws: ``ConnectionError`` when a token file could never be read, or a plugin fails.
    func current() async throws -> RequestCredentials {
        switch settings {
        case .none: return RequestCredentials()
        case .token(let token): return RequestCredentials(authorization: "Bearer \(token)")
        case .tokenFile(let file):
            return RequestCredentials(authorization: "Bearer \(try token(in: file))")
        case .basic(let user, let password):
            return RequestCredentials(authorization: "Basic \(Data("\(user):\(password)".utf8).base64EncodedString())")
        case .exec:
            guard let plugin else { return RequestCredentials() }
            return try await plugin.current()
        }
    }

    /// Why a newer token cannot be had, once for each reason.
    func takeNews() -> ConnectionError? {
        tokenState.withLock { state in
            defer { state.isNews = false }
            return state.isNews ? state.fault : nil
        }
    }

    /// A token outlives its file by up to an hour: until then it is used on, as client-go does.
    private func token(in file: Material) throws(ConnectionError) -> String {
        do {
            let token = try file.readToken()
            tokenState.withLock { $0 = TokenState(token: token) }
            return token
        } catch {
            let known = tokenState.withLock { state in
                guard state.token != nil else { return nil as String? }
                if state.fault != error { (state.fault, state.isNews) = (error, true) }
                return state.token
            }
            guard let known else { throw error }
            return known
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
