package import ServiceTable

/// Who remembers clients: one service port, or all ports of a Service together. In one family.
package struct AffinityOwner: Hashable, Sendable {
    private let namespace: String
    private let service: String
    /// Nil: the whole Service.
    private let port: ServicePortID?

    /// Nil without affinity.
    package init?(_ port: ServicePort?) {
        guard let port, let affinity = port.affinity else { return nil }
        namespace = port.key.id.namespace
        service = port.key.id.service
        self.port = affinity.scope == .service ? nil : port.key.id
    }
}
