/// What the ebpf mode can be told.
package struct BPFSettings: Sendable, Hashable {
    /// After how long without a packet a connection is forgotten.
    package struct IdleTimes: Sendable, Hashable {
        /// As conntrack's, which kube-proxy sets to 24 h.
        package var establishedTCP = Duration.seconds(86_400)
        /// Until the first answer: a SYN is sent again for 63 s (tcp(7), tcp_syn_retries).
        package var openingTCP = Duration.seconds(60)
        /// After the end: late segments are still translated.
        package var closingTCP = Duration.seconds(60)
        package var udp = Duration.seconds(120)

        package init() {}
    }

    /// How large the tables are made that traffic fills. One that is pinned already keeps its size.
    package struct TableLimits: Sendable, Hashable {
        /// Packets' connections at a time, some 500 bytes each. Near the limit the longest idle ones are given up; at it
        /// new ones are dropped. As net.netfilter.nf_conntrack_max of a machine with 4 GiB, at least.
        package var connections = 131_072
        /// Sockets of the node's processes that were sent to a backend. One beyond it is served and not counted.
        package var sockets = 131_072

        /// What either may be set to.
        package static let allowed = 64...4_194_304

        package init() {}
    }

    package static let defaultPinPath = "/sys/fs/bpf/fairway"

    /// The cgroup (v2) whose sockets are balanced at connect(); nil: all, the root.
    package var cgroup: String?
    /// A folder in a bpf file system: maps and links outlive the process there. One daemon works with it at a time.
    package var pinPath = BPFSettings.defaultPinPath
    /// Interfaces whose packets are looked at.
    package var interfaces = InterfaceChoice()
    /// Reset TCP connections to backends that are gone.
    package var closesStaleConnections = false
    package var idleTimes = IdleTimes()
    package var tableLimits = TableLimits()
    /// How long a TCP backend that left the table, and does not linger, keeps the connections it has.
    package var drainGrace = Duration.seconds(300)

    package init() {}
}
