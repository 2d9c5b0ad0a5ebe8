package import CBPFMaps
package import NetworkTypes

/// The one prefix that all ranges of a family are in, as fw_settings has it.
package struct RangeCover {
    package let range: fw_address
    package let mask: fw_address

    /// - Parameter ranges: nil: not known yet, so that every address may be in them.
    package init(_ ranges: [IPPrefix]?, _ family: IPFamily) {
        guard let ranges else {
            (range, mask) = (fw_address(), fw_address())
            return
        }
        let own = ranges.filter { $0.family == family }
        guard let first = own.map(\.address).min(), let last = own.map(\.lastAddress).max() else {
            // Nothing masked with 0 is this.
            (range, mask) = (fw_address(words: (1, 0, 0, 0)), fw_address())
            return
        }
        let different = UInt128.bitWidth - (first.bits ^ last.bits).leadingZeroBitCount
        let bits: UInt128 = different == UInt128.bitWidth ? 0 : UInt128.max << UInt128(different)
        range = fw_address(IPAddress(bits: first.bits & bits, family: family))
        mask = fw_address(IPAddress(bits: bits, family: .ipv6))
    }
}
