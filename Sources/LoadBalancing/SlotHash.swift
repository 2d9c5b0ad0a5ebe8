public import NetworkTypes

/// The hash that the kernel's programs draw slots by (BPFPrograms, hashing.h), for models and tests.
public enum SlotHash {
    /// - Parameter attempt: counted up when the slot drawn led nowhere.
    public static func slot(of slotCount: Int, by address: IPAddress, port: PortNumber? = nil, attempt: UInt32 = 0) -> Int {
        Int(hash(address, port: port, attempt: attempt) % UInt32(slotCount))
    }

    /// Words are read from the address in network order as the machine reads them.
    public static func hash(_ address: IPAddress, port: PortNumber? = nil, attempt: UInt32 = 0) -> UInt32 {
        let bits = address.family == .ipv4 ? 0xffff_0000_0000 | address.bits : address.bits
        func word(_ index: Int) -> UInt64 {
            UInt64(UInt32(truncatingIfNeeded: bits >> UInt128(96 - 32 * index)).bigEndian)
        }
        var hash = mixed(UInt64(attempt), word(0) << 32 | word(1))
        hash = mixed(hash, word(2) << 32 | word(3))
        hash = mixed(hash, UInt64((port?.rawValue ?? 0).bigEndian))
        return UInt32(truncatingIfNeeded: mixed(hash, 0) >> 16)
    }

    private static func mixed(_ hash: UInt64, _ word: UInt64) -> UInt64 {
        let product = (hash ^ word) &* 0x9e37_79b9_7f4a_7c15
        return product ^ product >> 32
    }
}
