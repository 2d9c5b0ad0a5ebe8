internal import LinuxSystem
internal import NetworkTypes
internal import Relay

/// The relay's listeners of one family behind the redirection: one for each protocol, origin and way in, all on the loopback, so
/// that nobody reaches them but by the ruleset.
struct RedirectionListeners: Sendable {
    /// How packets come to a listener.
    enum Way: Sendable, Hashable, CaseIterable {
        /// What arrives from elsewhere, and datagrams of this node that were sent back to it (TPROXY).
        case diverted
        /// Connections of this node (destination translation to the loopback).
        case translated
    }

    struct Place: Sendable, Hashable {
        let `protocol`: TransportProtocol
        let way: Way
        let origin: RedirectionCode.Origin
    }

    static let places: [Place] = RedirectionCode.Origin.allCases.flatMap { origin in
        [
            Place(protocol: .tcp, way: .diverted, origin: origin), Place(protocol: .udp, way: .diverted, origin: origin),
            Place(protocol: .tcp, way: .translated, origin: origin),
        ]
    }

    static func listener(_ place: Place, _ family: IPFamily) -> RelayListener {
        let isDiverted = place.way == .diverted
        return RelayListener(
            place.protocol, at: SocketAddress(.loopback(family), port: 0), destination: isDiverted ? .own : .redirected,
            isTransparent: isDiverted, origin: place.origin.relayOrigin)
    }

    static func all(_ family: IPFamily) -> Set<RelayListener> { Set(places.map { listener($0, family) }) }
}

extension RedirectionCode.Origin {
    var relayOrigin: RelayListener.Origin {
        switch self {
        case .pod: .pod
        case .node: .node
        case .outside: .outside
        }
    }
}

/// The ports that the listeners of one family got.
struct RedirectionPorts: Sendable, Hashable {
    private var ports: [RedirectionListeners.Place: UInt16] = [:]

    subscript(place: RedirectionListeners.Place) -> UInt16 {
        get { ports[place] ?? 0 }
        set { ports[place] = newValue }
    }
}
