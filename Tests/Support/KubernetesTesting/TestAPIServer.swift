internal import LinuxSystem
package import NIOCore
internal import NIOPosix
internal import NIOSSL

/// A Kubernetes API server in memory, over real HTTP and TLS.
///
/// It keeps objects whole, as JSON, and hands them out as the real one does: lists in pages of one version, watches from a
/// version on, conflicts, patches, in JSON and protobuf. Beside its API it has one for tests: objects put as they are,
/// faults, and the requests that came. What it does not do: HTTP/2, field validation, quotas, webhooks, finalization of
/// owners' dependents; server-side apply is a merge without managed fields, in which lists are replaced.
package final class TestAPIServer: Sendable {
    package let host: String
    /// The same for as long as it lives, also while it does not listen.
    package let port: Int
    /// Nil: plain HTTP.
    package let authority: TestAuthority?

    let state: ServerState
    private let acceptor: ConnectionAcceptor
    private let listener: ListeningSocket?

    /// `https://127.0.0.1:6443`.
    package var url: String {
        "\(authority == nil ? "http" : "https")://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }

    private init(
        host: String, port: Int, state: ServerState, authority: TestAuthority?, acceptor: ConnectionAcceptor,
        listener: ListeningSocket?
    ) {
        (self.host, self.port, self.state, self.authority, self.acceptor) = (host, port, state, authority, acceptor)
        self.listener = listener
    }

    /// - Parameters:
    ///   - host: of loopback, or of where ``listener`` listens.
    ///   - port: 0 for a free one.
    ///   - tls: with an authority of its own, for this host, `localhost` and ``extraNames``.
    ///   - authority: instead of a new one, such as another server's.
    ///   - listener: what it listens with, asked for each time it begins to; nil: a socket of this process's namespace.
    package static func start(
        _ settings: ClusterSettings = ClusterSettings(), host: String = "127.0.0.1", port: Int = 0, tls: Bool = true,
        extraNames: [String] = [], authority: TestAuthority? = nil,
        listener: ListeningSocket? = nil, group: (any EventLoopGroup)? = nil
    ) async throws -> TestAPIServer {
        let names = ["localhost", "127.0.0.1", "kubernetes.default.svc", host] + extraNames
        var issued: TestAuthority?
        if tls, authority == nil {
            issued = try await DedicatedThread.run(named: "openssl") {
                try TestAuthority(names: names.filter { $0 != "0.0.0.0" && $0 != "::" })
            }
        }
        let authority = tls ? authority ?? issued : nil
        let context = try authority?.serverContext()
        let state = ServerState(settings)
        let acceptor = ConnectionAcceptor(state, context, group ?? MultiThreadedEventLoopGroup.singleton)
        let port = try await acceptor.listen(host: host, port: port, on: listener)
        return TestAPIServer(
            host: host, port: port, state: state, authority: authority, acceptor: acceptor, listener: listener)
    }

    /// Runs `body` with a server that is gone afterwards, also when `body` throws.
    package static func with<Result>(
        _ settings: ClusterSettings = ClusterSettings(), tls: Bool = true, _ body: (TestAPIServer) async throws -> Result
    ) async throws -> Result {
        let server = try await start(settings, tls: tls)
        do {
            let result = try await body(server)
            await server.stop()
            return result
        } catch {
            await server.stop()
            throw error
        }
    }

    /// Listens at its port, again.
    package func listen() async throws { _ = try await acceptor.listen(host: host, port: port, on: listener) }

    /// Connections are refused from now on, and those that are there closed.
    package func stopListening() async { await acceptor.close() }

    /// The port goes on to be listened at.
    package func closeConnections() async { await acceptor.closeConnections() }

    package func stop() async { await acceptor.close() }
}
