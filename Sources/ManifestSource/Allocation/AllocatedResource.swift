package import NetworkTypes

/// What Services must not share: an address of a service range, or a port of every node.
///
/// NodePorts are one space for all protocols, as the API server keeps them.
package enum AllocatedResource: Sendable, Hashable, CustomStringConvertible {
    case address(IPAddress)
    case nodePort(UInt16)

    package var description: String {
        switch self {
        case .address(let address): address.description
        case .nodePort(let port): String(port)
        }
    }
}

/// One thing of a Service that an allocation fills.
package enum AllocationSlot: Sendable, Hashable, Comparable, CustomStringConvertible {
    case clusterIP(IPFamily)
    /// The node port of a Service port. Ports of the same number and different protocols share one.
    case nodePort(UInt16)
    case healthCheckNodePort

    /// `clusterIP of IPv4`, `nodePort of port 80`, `healthCheckNodePort`.
    package var description: String {
        switch self {
        case .clusterIP(let family): "\(family) clusterIP"
        case .nodePort(let port): "nodePort of port \(port)"
        case .healthCheckNodePort: "healthCheckNodePort"
        }
    }

    /// FNV-1a over the Service and the slot: where the search for a free one begins, so that it depends on
    /// nothing else.
    func hash(of key: String) -> UInt64 {
        let salt =
            switch self {
            case .clusterIP(let family): "/ip\(family.rawValue)"
            case .nodePort(let port): "/port\(port)"
            case .healthCheckNodePort: "/health"
            }
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in [key.utf8, salt.utf8].joined() {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
        }
        // FNV mixes its low bits well and its high bits badly; fold them.
        return hash ^ hash >> 32
    }
}
