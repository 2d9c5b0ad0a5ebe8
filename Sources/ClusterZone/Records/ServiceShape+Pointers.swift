internal import DNSWire
internal import NetworkTypes

extension ServiceShape {
    /// The names that one address points back to.
    struct Pointer: Equatable {
        let address: IPAddress
        /// Sorted labels of endpoints; an empty one is the Service's own name.
        var labels: [[UInt8]]
    }

    /// Sorted by address, each once: the ClusterIPs and the ready endpoints.
    var pointers: [Pointer] {
        var pairs: [(address: IPAddress, label: [UInt8])] = []
        if case .clusterIP(let addresses) = kind { pairs += addresses.map { ($0, []) } }
        for endpoint in endpoints { pairs += endpoint.addresses.map { ($0, endpoint.label) } }
        pairs.sort {
            $0.address == $1.address ? $0.label.lexicographicallyPrecedes($1.label) : $0.address < $1.address
        }
        var result: [Pointer] = []
        result.reserveCapacity(pairs.count)
        for pair in pairs {
            if result.last?.address == pair.address {
                result[result.count - 1].labels.append(pair.label)
            } else {
                result.append(Pointer(address: pair.address, labels: [pair.label]))
            }
        }
        return result
    }

    func names(_ pointer: Pointer) -> [DomainName] {
        pointer.labels.compactMap { $0.isEmpty ? name : name.prepending($0) }
    }

    /// The same pointers, without making them.
    func hasSamePointers(as other: ServiceShape) -> Bool {
        guard endpoints == other.endpoints, name.wire == other.name.wire else { return false }
        switch (kind, other.kind) {
        case (.clusterIP, _), (_, .clusterIP): return kind == other.kind
        default: return true
        }
    }
}
