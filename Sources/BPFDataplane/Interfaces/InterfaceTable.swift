internal import CBPFMaps
internal import Netlink
internal import NetworkTypes
internal import ServiceTable

/// What the map `interfaces` should say, and which of them carry the programs. Decided from what was listed; no I/O.
struct InterfaceTable: Sendable, Equatable {
    struct Entry: Sendable, Hashable {
        let name: String
        var ipv4: IPAddress?
        var ipv6: IPAddress?
        var isPod = false
        /// Its packets have no Ethernet headers.
        var isBare = false
    }

    private(set) var entries: [UInt32: Entry] = [:]

    init() {}

    init(_ network: NodeNetwork, _ choice: InterfaceChoice, _ detector: LocalDetector) {
        for link in network.links where !link.isLoopback && choice.contains(link.name) {
            entries[link.index] = Entry(
                name: link.name, ipv4: network.masqueradeAddress(.ipv4, ofInterface: link.index),
                ipv6: network.masqueradeAddress(.ipv6, ofInterface: link.index),
                isPod: network.isFromPods(link, detector), isBare: !link.hasEthernetHeaders)
        }
    }
}

extension fw_interface {
    init(_ entry: InterfaceTable.Entry, ownsQdisc: Bool) {
        var flags: UInt32 = 0
        if entry.isPod { flags |= UInt32(FW_INTERFACE_POD) }
        if entry.isBare { flags |= UInt32(FW_INTERFACE_BARE) }
        if ownsQdisc { flags |= UInt32(FW_INTERFACE_QDISC) }
        self.init(
            ipv4: fw_address(optional: entry.ipv4), ipv6: fw_address(optional: entry.ipv6), flags: flags, zero: 0)
    }
}

extension fw_address {
    /// Zero for none.
    init(optional address: IPAddress?) {
        if let address { self.init(address) } else { self.init(words: (0, 0, 0, 0)) }
    }
}
