internal import LinuxSystem
internal import NetworkTypes
internal import Relay
internal import ServiceTable

/// One frontend, and the sockets it is wanted at.
struct BoundFrontend {
    let key: FrontendKey
    /// At its own addresses.
    let listeners: [RelayListener]
    /// What a client of the substitute asks for.
    private let destination: SocketAddress?

    /// Those of one family that the relay can carry.
    static func all(of table: ServiceTable, _ family: IPFamily) -> [BoundFrontend] {
        let addresses = table.node.nodePortAddresses.filter { $0.family == family }
        return table.values.filter { $0.key.family == family && $0.key.id.protocol != .sctp }.flatMap { port in
            port.frontends.map { BoundFrontend($0, $0.key(in: port.key), nodePortAddresses: addresses) }
        }
    }

    private init(_ frontend: Frontend, _ key: FrontendKey, nodePortAddresses: [IPAddress]) {
        self.key = key
        func listener(_ address: IPAddress) -> RelayListener {
            let place = SocketAddress(address, port: frontend.port.rawValue)
            return RelayListener(key.protocol, at: place, destination: .fixed(place))
        }
        switch frontend.destination {
        case .nodeAddresses:
            listeners = nodePortAddresses.map(listener)
            destination = nil
        case .address(let address):
            // Nobody has a ClusterIP: it is not tried.
            listeners = frontend.kind == .clusterIP ? [] : [listener(address)]
            destination = SocketAddress(address, port: frontend.port.rawValue)
        }
    }

    /// It has an address of its own, and is not served there.
    func needsSubstitute(_ failures: [RelayListener: Errno]) -> Bool {
        destination != nil && listeners.allSatisfy { failures[$0] != nil }
    }

    /// At the loopback, for clients of this host.
    ///
    /// - Parameter port: 0: a free one.
    func substitute(port: UInt16) -> RelayListener? {
        destination.map { destination in
            RelayListener(
                key.protocol, at: SocketAddress(.loopback(key.family), port: port), destination: .fixed(destination),
                origin: .node)
        }
    }
}
