package import NetworkTypes

/// Where the addresses that manifests leave open come from.
package struct AllocationSettings: Sendable, Hashable {
    /// The service ranges; the family of the first is that of Services which name none.
    package var clusterRanges: [IPPrefix]
    /// The ports of NodePort Services and of health checks.
    package var nodePorts: ClosedRange<UInt16>
    /// The folder that remembers allocations; empty: they are forgotten with the process.
    package var stateDirectory: String

    /// 10.96.0.0/12, fd00:10:96::/112 and 30000-32767, as kubeadm and the API server default them.
    package static let standard = AllocationSettings()

    package init(
        clusterRanges: [IPPrefix] = AllocationSettings.standardClusterRanges,
        nodePorts: ClosedRange<UInt16> = 30000...32767, stateDirectory: String = ""
    ) {
        self.clusterRanges = clusterRanges
        self.nodePorts = nodePorts
        self.stateDirectory = stateDirectory
    }

    /// 10.96.0.0/12 and fd00:10:96::/112.
    package static let standardClusterRanges: [IPPrefix] = [
        IPPrefix(IPAddress(v4: 10 << 24 | 96 << 16), length: 12),
        IPPrefix(IPAddress(bits: 0xFD00_0010_0096 << 80, family: .ipv6), length: 112),
    ].compactMap { $0 }
}
