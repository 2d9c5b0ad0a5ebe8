internal import Netlink

/// The registers of the nf_tables machine: words of four bytes, each written before it is read.
struct RegisterFile {
    private static let wordCount = 16
    private var bytes = [UInt8](repeating: 0, count: wordCount * 4)
    private var written: UInt32 = 0

    /// Forgets what was written: each rule begins so (nf_tables_newrule checks reads rule by rule).
    mutating func reset() { written = 0 }

    /// Writes the value and fills its last word with zeros.
    mutating func store(_ value: some Collection<UInt8>, _ register: NftablesRegister) {
        let offset = register.byteOffset
        let words = (value.count + 3) / 4
        for index in offset..<offset + words * 4 { bytes[index] = 0 }
        var index = offset
        for byte in value {
            bytes[index] = byte
            index += 1
        }
        for word in offset / 4..<offset / 4 + words { written |= 1 << UInt32(word) }
    }

    /// Nil when a word of it was never written.
    func load(_ register: NftablesRegister, _ length: Int) -> [UInt8]? {
        let offset = register.byteOffset
        for word in offset / 4..<(offset + length + 3) / 4 where written & (1 << UInt32(word)) == 0 { return nil }
        return Array(bytes[offset..<offset + length])
    }
}
