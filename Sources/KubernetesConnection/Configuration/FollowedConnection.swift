internal import FoundationEssentials
package import Logging
internal import Synchronization

/// A connection whose kubeconfig may change while it is used: credentials, authorities and impersonation are taken over,
/// for requests that begin later.
///
/// The server, the way there and the name its certificate must have stay until a restart: what a changed file says of us
/// may not be meant for the server that it no longer names, so that nothing of such a file is used. A file that cannot be
/// read, or names something that cannot be used, leaves everything as it was. Each reason is told once.
package final class FollowedConnection: Sendable {
    /// What a request is made with.
    struct Access: Sendable {
        let connection: ClusterConnection
        let credentials: Credentials
        let tls: ClientTLS

        init(_ connection: ClusterConnection, now: @escaping @Sendable () -> Int64) {
            self.connection = connection
            credentials = Credentials(connection.credentials, now: now)
            tls = ClientTLS(connection.tls, now: now)
        }

        /// What stayed the same goes on: a plugin need not run again, open connections are used again.
        init(_ connection: ClusterConnection, after former: Access, now: @escaping @Sendable () -> Int64) {
            let old = former.connection
            self.connection = connection
            credentials = old.credentials == connection.credentials
                ? former.credentials : Credentials(connection.credentials, now: now)
            tls = old.tls == connection.tls ? former.tls : ClientTLS(connection.tls, now: now)
        }
    }

    private struct File: Sendable {
        let path: String
        let master: String
        let context: String?

        func connection(_ bytes: [UInt8], _ environment: [String: String]) throws(ConnectionError) -> ClusterConnection {
            try ClusterConnection(Kubeconfig(path: path, bytes: bytes), context: context, master: master)
                .byProxy(of: environment)
        }
    }

    private struct State {
        var access: Access
        /// Of the file that ``access`` was made of.
        var bytes: [UInt8] = []
        /// Why the file is not used as it is now; told already.
        var fault: String?
        /// Told already.
        var warnings: Set<String> = []
    }

    private typealias Line = (level: Logger.Level, text: String)

    private let file: File?
    private let environment: [String: String]
    private let now: @Sendable () -> Int64
    private let state: Mutex<State>

    /// A connection that stays as it is.
    ///
    /// - Parameter wallClock: seconds since 1970, for certificates and credentials that expire.
    package init(
        _ connection: ClusterConnection,
        wallClock: @escaping @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970) }
    ) {
        file = nil
        environment = [:]
        now = wallClock
        state = Mutex(State(access: Access(connection, now: wallClock)))
    }

    /// As kube-proxy decides: a kubeconfig, whose server `master` overrides; `master` alone; else the service account.
    ///
    /// - Parameters:
    ///   - kubeconfig: a path; empty: none.
    ///   - master: a URL; empty: none.
    ///   - context: of the kubeconfig; nil: its current one.
    ///   - environment: nil: this process's.
    /// - Throws: ``ConnectionError`` naming file and field.
    package init(
        kubeconfig: String, master: String = "", context: String? = nil, environment: [String: String]? = nil,
        wallClock: @escaping @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970) }
    ) throws(ConnectionError) {
        self.environment = environment ?? ProcessInfo.processInfo.environment
        now = wallClock
        guard !kubeconfig.isEmpty else {
            file = nil
            let connection = try ClusterConnection(kubeconfig: "", master: master, environment: self.environment)
            state = Mutex(State(access: Access(connection, now: wallClock)))
            return
        }
        let named = File(path: kubeconfig, master: master, context: context)
        let bytes = try Kubeconfig.contents(of: kubeconfig)
        file = named
        state = Mutex(
            State(access: Access(try named.connection(bytes, self.environment), now: wallClock), bytes: bytes))
    }

    /// The kubeconfig; nil: there is none to follow.
    package var path: String? { file?.path }

    package var connection: ClusterConnection { state.withLock { $0.access.connection } }

    /// What is allowed and likely not meant, that was not told yet.
    func takeWarnings() -> [String] { state.withLock { Self.news($0.access.connection, &$0) } }

    private static func news(_ connection: ClusterConnection, _ state: inout State) -> [String] {
        connection.warnings.filter { state.warnings.insert($0).inserted }
    }

    /// Reads the file again. The file is small and local: what changed is found by comparing bytes, which no clock and no
    /// exchanged symbolic link deceives.
    package func refresh(_ logger: Logger) { _ = refreshed(logger) }

    func refreshed(_ logger: Logger) -> Access {
        guard let file else { return state.withLock { $0.access } }
        let (access, lines) = state.withLock { state in
            let lines = look(file, &state)
            return (state.access, lines)
        }
        for line in lines { logger.log(level: line.level, "\(line.text)") }
        return access
    }

    private func look(_ file: File, _ state: inout State) -> [Line] {
        do throws(ConnectionError) {
            let bytes = try Kubeconfig.contents(of: file.path)
            // Files that it names may have been put right meanwhile.
            guard bytes != state.bytes || state.fault != nil else { return [] }
            return try take(try file.connection(bytes, environment), bytes, &state)
        } catch {
            guard state.fault != error.description else { return [] }
            state.fault = error.description
            return [(.warning, "\(error); what was read of it before is used on")]
        }
    }

    private func take(
        _ next: ClusterConnection, _ bytes: [UInt8], _ state: inout State
    ) throws(ConnectionError) -> [Line] {
        let former = state.access.connection
        if let change = former.fixedChange(to: next) {
            guard state.fault != change else { return [] }
            state.fault = change
            return [(.warning, "\(change): takes effect with a restart; until then nothing of the changed file is used")]
        }
        let access = Access(next, after: state.access, now: now)
        let news = next.server.isSecure ? try access.tls.current().news : nil
        let isNews = next != former || state.fault != nil
        state.access = access
        state.bytes = bytes
        state.fault = nil
        let lines: [Line] = news.map { [(.warning, "\($0); the one before is used on")] } ?? []
        guard isNews else { return lines }
        return lines + [(.info, "\(next.origin) was read anew: requests that begin now are made with it")]
            + Self.news(next, &state).map { (.warning, $0) }
    }
}

extension ClusterConnection {
    /// What of another connection cannot be taken over while this one is used, with both values; nil: everything can.
    fileprivate func fixedChange(to next: ClusterConnection) -> String? {
        func change(_ field: String, _ old: String, _ new: String) -> String {
            let was = old.isEmpty ? "not set" : old
            return "\(next.origin): \(field) is now \(new.isEmpty ? "not set" : new), was \(was)"
        }
        if next.server != server { return change("server", server.description, next.server.description) }
        if next.proxy != proxy {
            let (old, new) = (proxy?.description ?? "", next.proxy?.description ?? "")
            guard old != new else { return "\(next.origin): \(next.proxyField) has another user or password" }
            return change(next.proxyField, old, new)
        }
        if next.tls.serverName != tls.serverName {
            return change("tls-server-name", tls.serverName, next.tls.serverName)
        }
        if next.tls.skipsVerification != tls.skipsVerification {
            return change("insecure-skip-tls-verify", "\(tls.skipsVerification)", "\(next.tls.skipsVerification)")
        }
        return nil
    }
}
