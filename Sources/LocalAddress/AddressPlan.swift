internal import Netlink
internal import NetworkTypes

/// What is to be done to addresses, from what the kernel has. No I/O.
struct AddressPlan: Equatable {
    var added: [IPAddress] = []
    var removed: [IPAddress] = []
    /// Wanted, and local on somebody else's interface.
    var foreign: [ForeignAddress] = []
    /// Held by interfaces of other processes of Fairway: one that ends while another begins.
    var held: Set<IPAddress> = []

    /// - Parameters:
    ///   - present: all addresses of the network namespace.
    ///   - own: the index of this process's interface; nil when it has none any more.
    ///   - prefix: how the names of Fairway's interfaces begin.
    init(wanted: Set<IPAddress>, present: [NodeAddress], own: UInt32?, prefix: String) {
        var ours: Set<IPAddress> = []
        var blocked: Set<IPAddress> = []
        for item in present {
            if item.interfaceIndex == own {
                ours.insert(item.address)
            } else if item.interfaceName.hasPrefix(prefix) {
                held.insert(item.address)
            } else if wanted.contains(item.address) {
                foreign.append(ForeignAddress(address: item.address, interfaceName: item.interfaceName))
                blocked.insert(item.address)
            }
        }
        foreign.sort()
        let granted = wanted.subtracting(blocked)
        added = granted.subtracting(ours).sorted()
        // A link-local address that the kernel gave the interface is none of ours to remove.
        removed = ours.subtracting(granted).filter { !($0.family == .ipv6 && $0.isLinkLocal) }.sorted()
    }
}
