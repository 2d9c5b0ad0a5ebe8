internal import ArgumentParser
internal import Dataplane
internal import NodeConfiguration
internal import ServiceTable

/// kube-proxy's flags that have another name in Fairway.
struct KubeProxyOptions: ParsableArguments {
    @Option(help: "As --full-sync-period; of --proxy-mode iptables and nftables.")
    var iptablesSyncPeriod: String?

    @Option(help: "As --min-sync-period-milliseconds, a duration; of --proxy-mode iptables and nftables.")
    var iptablesMinSyncPeriod: String?

    @Flag(inversion: .prefixedNo, help: "With --proxy-mode iptables: NodePorts at localhost, as --nodeport-addresses localhost.")
    var iptablesLocalhostNodeports: Bool?

    @Option(help: "As --full-sync-period; of --proxy-mode ipvs.")
    var ipvsSyncPeriod: String?

    @Option(help: "As --min-sync-period-milliseconds, a duration; of --proxy-mode ipvs.")
    var ipvsMinSyncPeriod: String?

    @Option(help: "As --scheduler; of --proxy-mode ipvs.")
    var ipvsScheduler: String?

    @Option(help: "Deprecated: the port of --healthz-bind-address; 0: nowhere.")
    var healthzPort: Int?

    @Option(help: "Deprecated: the port of --metrics-bind-address; 0: nowhere.")
    var metricsPort: Int?

    @OptionGroup var unused: UnusedKubeProxyOptions

    /// Schedulers of the kernel's IPVS that there are not here, and what stands in for them: kube-proxy gives every
    /// endpoint the same weight, which makes these two of them the same as that.
    private static let otherSchedulers = ["lblc": "dh", "lblcr": "dh", "fo": "rr", "ovf": "rr"]

    /// `--scheduler` of the mode, nil when nothing was said.
    func scheduler(of mode: KubeProxyMode) -> (name: String, warning: String?)? {
        guard mode.section == .ipvs, let name = ipvsScheduler, !name.isEmpty else { return nil }
        guard let other = Self.otherSchedulers[name] else { return (name, nil) }
        return (other, "--ipvs-scheduler \(name) is the kernel's own: \(other) stands in for it")
    }

    /// How often the kernel is written to, as far as these flags say it.
    func limits(of mode: KubeProxyMode) throws(CommandFailure) -> (full: Duration?, minimum: Duration?) {
        let isIPVS = mode.section == .ipvs
        let full = try period(isIPVS ? ipvsSyncPeriod : iptablesSyncPeriod, isIPVS ? "--ipvs-sync-period" : "--iptables-sync-period")
        let minimum = try period(
            isIPVS ? ipvsMinSyncPeriod : iptablesMinSyncPeriod, isIPVS ? "--ipvs-min-sync-period" : "--iptables-min-sync-period")
        if let full, full <= .zero {
            throw .usage("\(isIPVS ? "--ipvs" : "--iptables")-sync-period \(GoDuration.text(full)): must be greater than 0")
        }
        if let full, let minimum, minimum > full {
            throw .usage(
                "\(isIPVS ? "--ipvs" : "--iptables")-min-sync-period \(GoDuration.text(minimum)): must not be longer than the sync period")
        }
        return (full, minimum)
    }

    private func period(_ text: String?, _ flag: String) throws(CommandFailure) -> Duration? {
        guard let text else { return nil }
        guard let duration = GoDuration.parse(text), duration >= .zero else {
            throw .usage("\(flag) \"\(text)\": expected a duration, as 30s or 1m")
        }
        return duration
    }
}

/// kube-proxy's flags that nothing comes of here; `RunFlag` says why.
struct UnusedKubeProxyOptions: ParsableArguments {
    @Option(help: .hidden) var featureGates: String?
    @Flag(help: .hidden) var bindAddressHardFail = false
    @Flag(help: .hidden) var profiling = false
    @Option(help: .hidden) var showHiddenMetricsForVersion: String?
    @Option(help: .hidden) var iptablesMasqueradeBit: Int?
    @Option(help: .hidden) var ipvsExcludeCidrs: String?
    @Flag(help: .hidden) var ipvsStrictArp = false
    @Option(help: .hidden) var ipvsTcpTimeout: String?
    @Option(help: .hidden) var ipvsTcpfinTimeout: String?
    @Option(help: .hidden) var ipvsUdpTimeout: String?
    @Option(help: .hidden) var configSyncPeriod: String?
    @Option(help: .hidden) var vmodule: String?
    @Option(help: .hidden) var loggingFormat: String?
    @Option(help: .hidden) var logFlushFrequency: String?
    @Option(help: .hidden) var logTextInfoBufferSize: String?
    @Flag(help: .hidden) var logTextSplitStream = false
    @Option(help: .hidden) var logJsonInfoBufferSize: String?
    @Flag(help: .hidden) var logJsonSplitStream = false

    /// What kube-proxy would refuse is refused.
    func check() throws(CommandFailure) {
        if let bit = iptablesMasqueradeBit, !(0...31).contains(bit) {
            throw .usage("--iptables-masquerade-bit \(bit): expected 0 to 31")
        }
        for (text, flag) in [
            (ipvsTcpTimeout, "--ipvs-tcp-timeout"), (ipvsTcpfinTimeout, "--ipvs-tcpfin-timeout"),
            (ipvsUdpTimeout, "--ipvs-udp-timeout"), (configSyncPeriod, "--config-sync-period"),
            (logFlushFrequency, "--log-flush-frequency"),
        ] {
            guard let text else { continue }
            guard let duration = GoDuration.parse(text), duration >= .zero else {
                throw .usage("\(flag) \"\(text)\": expected a duration, as 30s or 1m")
            }
        }
    }
}
