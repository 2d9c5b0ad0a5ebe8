internal import Netlink
internal import NetworkTypes
internal import ServiceTable

/// The place of one element: its set and its key.
struct RedirectionElement: Sendable, Hashable {
    let set: RedirectionSet
    let key: [UInt8]
    /// Of a range of sources its last key.
    var keyEnd: [UInt8]?

    init(_ set: RedirectionSet, _ key: [UInt8], to keyEnd: [UInt8]? = nil) {
        self.set = set
        self.key = key
        self.keyEnd = keyEnd
    }

    init(_ set: RedirectionSet, _ element: NftablesElement) { self.init(set, element.key, to: element.keyEnd) }

    /// - Parameter data: empty for none.
    func element(_ data: [UInt8]) -> NftablesElement {
        NftablesElement(key: key, keyEnd: keyEnd, data: data.isEmpty ? nil : .value(data))
    }
}

extension ServicePort {
    /// What the kernel's table holds for it, with values. The relay carries TCP and UDP; another protocol's ports are at its
    /// addresses like ports that no Service has.
    var redirectionElements: [(place: RedirectionElement, data: [UInt8])] {
        frontends.flatMap { frontend -> [(place: RedirectionElement, data: [UInt8])] in
            let code = HostOrder.bytes(RedirectionCode(frontend.verdicts).bits)
            let suffix = [key.id.protocol.rawValue, 0, 0, 0] + Self.padded(frontend.port)
            let isCarried = key.id.protocol != .sctp
            guard case .address(let address) = frontend.destination else {
                return isCarried ? [(RedirectionElement(.nodePorts, suffix), code)] : []
            }
            var found: [(place: RedirectionElement, data: [UInt8])] = []
            if frontend.kind == .clusterIP { found.append((RedirectionElement(.clusterIPs, address.networkBytes), [])) }
            guard isCarried else { return found }
            let place = address.networkBytes + suffix
            found.append((RedirectionElement(.frontends, place), code))
            guard let sources = frontend.allowedSources else { return found }
            found.append((RedirectionElement(.restricted, place), []))
            return found
                + NftablesElement.intervals(after: place, covering: sources).map {
                    (RedirectionElement(.allowedSources, $0), [])
                }
        }
    }

    private static func padded(_ port: PortNumber) -> [UInt8] {
        [UInt8(port.rawValue >> 8), UInt8(truncatingIfNeeded: port.rawValue), 0, 0]
    }
}

extension NodeTable {
    func redirectionElements(_ family: IPFamily) -> [RedirectionElement] {
        nodePortAddresses.filter { $0.family == family }.map { RedirectionElement(.nodePortAddresses, $0.networkBytes) }
    }

    /// The whole contents of the sets of ranges.
    func redirectionRanges(_ family: IPFamily) -> [RedirectionSet: [NftablesElement]] {
        var pods: [IPPrefix] = []
        if case .sourcePrefixes(let prefixes) = localDetector { pods = prefixes.filter { $0.family == family } }
        return [
            .podPrefixes: NftablesElement.intervals(covering: pods),
            .serviceRanges: NftablesElement.intervals(covering: serviceRanges.filter { $0.family == family }),
        ]
    }
}
