/// Ports that masquerading hands out.
enum MasqueradePorts {
    /// From above the privileged ones to below the NodePorts.
    private static let usual: ClosedRange<UInt16> = 1024...29_999
    /// Fewer than this would soon be used up.
    private static let least = 4096

    /// The kernel gives its own sockets ports of `net.ipv4.ip_local_port_range`: one that both hand out would be
    /// two connections with one tuple. So the longer of what lies below and above that range, NodePorts left out; all
    /// of the usual ones when neither is long enough.
    ///
    /// - Parameter local: the text of that setting, as `32768\t60999`.
    static func chosen(localRange text: String) -> ClosedRange<UInt16> {
        let bounds = text.split(whereSeparator: \.isWhitespace).compactMap { UInt16($0) }
        guard bounds.count == 2, bounds[0] <= bounds[1] else { return usual }
        let below = Int(usual.lowerBound)..<max(Int(usual.lowerBound), min(Int(bounds[0]), Int(usual.upperBound) + 1))
        let above = min(max(Int(bounds[1]) + 1, 32_768), 65_536)..<65_536
        let longest = [below, above].filter { $0.count >= least }.max { $0.count < $1.count }
        guard let longest, let first = longest.first, let last = longest.last else { return usual }
        return UInt16(first)...UInt16(last)
    }
}
