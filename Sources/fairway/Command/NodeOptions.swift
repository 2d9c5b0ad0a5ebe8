internal import ArgumentParser
internal import LinuxSystem

/// What is set on the node beside the rules; the conntrack options are named as kube-proxy names them.
struct NodeOptions: ParsableArguments {
    @Option(parsing: .unconditional, help: "Entries of connection tracking for each processor; what is larger stays; 0: leave the table alone.")
    var conntrackMaxPerCore = 32_768

    @Option(parsing: .unconditional, help: "Least entries of connection tracking, however few processors there are.")
    var conntrackMin = 131_072

    @Option(parsing: .unconditional, help: "How long an idle TCP connection is kept, as 24h or 1h30m; 0: leave alone.")
    var conntrackTcpTimeoutEstablished = "24h"

    @Option(parsing: .unconditional, help: "How long a half-closed TCP connection is kept; 0: leave alone.")
    var conntrackTcpTimeoutCloseWait = "1h"

    @Flag(help: "Do not mark TCP packets outside the window as invalid.")
    var conntrackTcpBeLiberal = false

    @Option(parsing: .unconditional, help: "How long a UDP flow is kept after one packet; 0: leave alone.")
    var conntrackUdpTimeout = "0s"

    @Option(parsing: .unconditional, help: "How long a UDP flow with packets both ways is kept; 0: leave alone.")
    var conntrackUdpTimeoutStream = "0s"

    @Flag(help: "Keep NodePorts from being picked for outgoing connections (net.ipv4.ip_local_reserved_ports).")
    var reserveNodeports = false

    @Option(
        help: """
            How soon the kernel ends this process when memory runs out, -1000 (never) to 1000 (default: left alone; -999 with a \
            KubeProxyConfiguration).
            """)
    var oomScoreAdj: Int?

    /// The options as values, or one line that says which is wrong.
    func settings(stateDirectory: String) throws(CommandFailure) -> NodeSettings {
        var conntrack = ConntrackSettings()
        conntrack.maxPerCore = try count(conntrackMaxPerCore, "--conntrack-max-per-core")
        conntrack.minimum = try count(conntrackMin, "--conntrack-min")
        conntrack.tcpEstablishedTimeout = try seconds(
            conntrackTcpTimeoutEstablished, "--conntrack-tcp-timeout-established")
        conntrack.tcpCloseWaitTimeout = try seconds(conntrackTcpTimeoutCloseWait, "--conntrack-tcp-timeout-close-wait")
        conntrack.tcpBeLiberal = conntrackTcpBeLiberal
        conntrack.udpTimeout = try seconds(conntrackUdpTimeout, "--conntrack-udp-timeout")
        conntrack.udpStreamTimeout = try seconds(conntrackUdpTimeoutStream, "--conntrack-udp-timeout-stream")
        guard !reserveNodeports || !stateDirectory.isEmpty else {
            throw .usage("--reserve-nodeports needs --state-dir, to tell its ports from yours after a restart; name a folder")
        }
        if let score = oomScoreAdj, !OutOfMemoryScore.range.contains(score) {
            throw .usage("--oom-score-adj \(score): expected -1000 to 1000")
        }
        return NodeSettings(
            conntrack: conntrack, reservesNodePorts: reserveNodeports, stateDirectory: stateDirectory, outOfMemoryScore: oomScoreAdj)
    }

    private func count(_ value: Int, _ flag: String) throws(CommandFailure) -> Int {
        guard (0...Int(Int32.max)).contains(value) else {
            throw .usage("\(flag) \(value): expected 0 to \(Int32.max)")
        }
        return value
    }

    private func seconds(_ text: String, _ flag: String) throws(CommandFailure) -> Int {
        guard let seconds = DurationText.seconds(text), seconds <= Int(Int32.max) else {
            throw .usage("\(flag) \"\(text)\": expected whole seconds as a duration, such as 24h, 1h30m or 90s")
        }
        return seconds
    }
}
