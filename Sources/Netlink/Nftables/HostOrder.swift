/// 32-bit values as the kernel keeps them in registers: in the order of the host.
package enum HostOrder {
    package static func bytes(_ value: UInt32) -> [UInt8] {
        let value = value.littleEndian
        return [
            UInt8(truncatingIfNeeded: value), UInt8(truncatingIfNeeded: value >> 8),
            UInt8(truncatingIfNeeded: value >> 16), UInt8(truncatingIfNeeded: value >> 24),
        ]
    }

    package static func value(_ bytes: some Collection<UInt8>) -> UInt32 {
        UInt32(littleEndian: bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) })
    }
}
