internal import BPF
internal import CBPFMaps
internal import LoadBalancing
internal import NetworkTypes
internal import ServiceTable

/// The filter that spares packets to addresses of no Service most of the lookups (FW_FILTER_BITS). It outlives larger maps
/// of Services; only a full reading of all addresses could clear bits, and nothing needs it: ClusterIPs come from a range.
struct AddressFilter: ~Copyable, Sendable {
    private let words: BPFMap<UInt32, UInt64>

    init(_ words: consuming BPFMap<UInt32, UInt64>) { self.words = words }

    /// To be called before the entries are written: a packet that finds no bit does not look for the address.
    func add(_ entries: [BPFMapEntry]) throws(BPFError) {
        var bits: [UInt32: UInt64] = [:]
        for entry in entries {
            guard let address = entry.filteredAddress else { continue }
            let bit = Self.bit(of: address)
            bits[bit / 64, default: 0] |= 1 << UInt64(bit % 64)
        }
        for (index, added) in bits {
            let word = try words.lookup(index) ?? 0
            if word | added != word { try words.update(index, word | added) }
        }
    }

    static func bit(of address: IPAddress) -> UInt32 { SlotHash.hash(address) % UInt32(FW_FILTER_BITS) }
}

extension BPFMapEntry {
    /// The address that packets to this entry have; nil when it is none, or that of NodePorts, which have the node's.
    fileprivate var filteredAddress: IPAddress? {
        switch self {
        case .frontend(let key, _):
            if case .address(let address) = key.destination { return address }
            return nil
        case .nodePortAddress(let address), .clusterIP(let address): return address
        default: return nil
        }
    }
}
