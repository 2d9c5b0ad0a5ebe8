package import LinuxSystem
internal import NetworkTypes
package import ServiceTable

/// How flows come to a dataplane that binds frontends and redirects nothing.
package struct BoundFrontends: Sendable {
    /// Where a frontend is served; empty: nowhere.
    let places: @Sendable (FrontendKey) -> [SocketAddress]

    package init(_ places: @escaping @Sendable (FrontendKey) -> [SocketAddress]) { self.places = places }

    /// What is to be asked in the flow's place.
    enum Question {
        case none
        case ask(ConformanceFlow, at: SocketAddress)
        case wrong(String)
    }

    func question(_ flow: ConformanceFlow, _ row: UnprivilegedRow) -> Question {
        let asIs = SocketAddress(flow.to, port: flow.port.rawValue)
        let served = row.place == .nodeAddress ? asIs : places(flow.ownFrontend).first
        switch row.use {
        case .impossible: return .none
        case .notServed: return served.map { .wrong("\(flow): is served at \($0)") } ?? .none
        case .works, .refusedByRelay, .refusedByHost:
            guard let served else { return .wrong("\(flow): is served nowhere") }
            var asked = flow
            asked.expected = row.expectation(of: flow)
            return .ask(asked, at: served)
        }
    }
}
