package import Logging
package import NetworkTypes
import ServiceLifecycle

/// Answers a load balancer's health checks of one Service at one address, on every path, as kube-proxy does.
package struct ServiceHealthServer: Service {
    package enum Limits {
        /// Open connections of one port: the probers of a few load balancers. More wait in the kernel's backlog, so that
        /// whoever holds some to one Service's port takes nothing from the others.
        package static let connections = 64
    }

    private let address: ListenAddress
    private let sharing: SharedConnections?
    private let logger: Logger
    private let onBound: @Sendable (BoundAddress) async -> Void
    private let health: @Sendable () -> ServiceHealth

    /// - Parameters:
    ///   - port: 0 takes a free one.
    ///   - sharing: what the servers of all Services may have open together; nil: this one is alone.
    ///   - onBound: called once it listens.
    ///   - health: asked at every request.
    package init(
        address: IPAddress, port: UInt16, sharing: SharedConnections? = nil, logger: Logger,
        onBound: @escaping @Sendable (BoundAddress) async -> Void = { _ in },
        health: @escaping @Sendable () -> ServiceHealth
    ) {
        let host = address.description
        let text = BoundAddress(host: host, port: Int(port)).description
        self.address = ListenAddress(flag: "healthCheckNodePort", text: text, hosts: [host], port: port)
        // What fails is thrown. Stopped, the library says now and then that a socket was closed already.
        var quiet = logger
        quiet.logLevel = .critical
        self.logger = quiet
        self.sharing = sharing
        self.onBound = onBound
        self.health = health
    }

    /// Serves until shut down or cancelled; a cancelled one closes its connections too.
    ///
    /// - Throws: `ListenError` when it cannot listen.
    package func run() async throws {
        let health = health
        try await HTTPListener(
            address: address, connections: Limits.connections, sharing: sharing, logger: logger, onBound: onBound
        ) { _, _ in health().reply }.run()
    }
}
