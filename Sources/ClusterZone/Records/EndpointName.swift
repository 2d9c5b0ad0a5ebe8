internal import KubernetesModel
internal import NetworkTypes

/// One name below a Service for its ready endpoints: usually one address of one slice.
struct EndpointName: Equatable {
    /// In lower case: the hostname, else the dashed address.
    let label: [UInt8]
    /// Sorted, distinct, at least one.
    let addresses: [IPAddress]
    /// Of every slice that has such an endpoint; sorted, distinct.
    let ports: [ZonePort]

    /// The ready endpoints of a Service's slices, merged by name and sorted by label. Slices of names are passed over.
    static func all(in slices: [EndpointSlice]) -> [EndpointName] {
        var ports: [[ZonePort]] = []
        var entries: [Entry] = []
        for slice in slices where slice.addressType != .fqdn {
            for endpoint in slice.endpoints where endpoint.isReady {
                for address in endpoint.addresses {
                    entries.append(Entry(label: label(endpoint, address), address: address, slice: ports.count))
                }
            }
            ports.append(slice.ports.map(ZonePort.init).sortedDistinct())
        }
        entries.sort()
        return merged(entries, ports)
    }

    private static func label(_ endpoint: Endpoint, _ address: IPAddress) -> [UInt8] {
        guard let hostname = endpoint.hostname, !hostname.isEmpty else { return ZoneLabel.dashed(address) }
        return ZoneLabel.lowercased(hostname)
    }

    /// An address as one slice has it.
    private struct Entry: Comparable {
        let label: [UInt8]
        let address: IPAddress
        let slice: Int

        static func < (a: Entry, b: Entry) -> Bool {
            a.label == b.label ? (a.address, a.slice) < (b.address, b.slice) : a.label.lexicographicallyPrecedes(b.label)
        }
    }

    private static func merged(_ entries: [Entry], _ ports: [[ZonePort]]) -> [EndpointName] {
        var result: [EndpointName] = []
        result.reserveCapacity(entries.count)
        var index = 0
        while index < entries.count {
            let first = entries[index]
            var addresses = [first.address]
            var union = ports[first.slice]
            index += 1
            while index < entries.count, entries[index].label == first.label {
                if entries[index].address != addresses.last { addresses.append(entries[index].address) }
                let other = ports[entries[index].slice]
                if other != union { union = (union + other).sortedDistinct() }
                index += 1
            }
            result.append(EndpointName(label: first.label, addresses: addresses, ports: union))
        }
        return result
    }
}
