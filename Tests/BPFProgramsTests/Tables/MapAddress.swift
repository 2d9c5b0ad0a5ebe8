import CBPFMaps
import NetworkTypes

extension fw_address {
    /// As the maps have it: 16 bytes in network order, IPv4 as ::ffff:a.b.c.d.
    init(mapping address: IPAddress) {
        let bits = address.family == .ipv4 ? 0xffff << 32 | address.bits : address.bits
        func word(_ index: UInt128) -> UInt32 { UInt32(truncatingIfNeeded: bits >> (96 - 32 * index)).bigEndian }
        self.init(words: (word(0), word(1), word(2), word(3)))
    }

    /// - Precondition: `text` is an address; tests write theirs as literals.
    init(_ text: String) {
        guard let address = IPAddress(text) else { preconditionFailure("\(text) is no address") }
        self.init(mapping: address)
    }

    /// In text; an IPv4 address in its own.
    var text: String {
        let words = [words.0, words.1, words.2, words.3].map { UInt128($0.bigEndian) }
        let bits = words.reduce(0) { $0 << 32 | $1 }
        let isIPv4 = bits >> 32 == 0xffff
        return "\(IPAddress(bits: isIPv4 ? bits & 0xffff_ffff : bits, family: isIPv4 ? .ipv4 : .ipv6))"
    }

    static func same(_ one: fw_address, _ other: fw_address) -> Bool { one.words == other.words }
}
