extension RunFlag {
    /// kube-proxy's flags that are not Fairway's own, too.
    static let kubeProxy: [RunFlag] = translated + unused

    private static let translated: [RunFlag] = [
        RunFlag("iptables-sync-period", .duration, nil, .translated, live: true),
        RunFlag("iptables-min-sync-period", .duration, nil, .translated, live: true),
        RunFlag("iptables-localhost-nodeports", .toggle, nil, .translated),
        RunFlag("ipvs-sync-period", .duration, nil, .translated, live: true),
        RunFlag("ipvs-min-sync-period", .duration, nil, .translated, live: true),
        RunFlag("ipvs-scheduler", .text, nil, .translated, live: true),
        RunFlag("healthz-port", .integer, nil, .translated),
        RunFlag("metrics-port", .integer, nil, .translated),
    ]

    private static let noIPVS = "has no meaning here: nothing of the kernel's IPVS is used"
    private static let logging = "has no meaning here: one line an event goes to standard error at once"

    private static let unused: [RunFlag] = [
        RunFlag("feature-gates", .list, nil, .unused("has no meaning here: no feature of Fairway is behind a gate")),
        RunFlag(
            "bind-address-hard-fail", .toggle, nil, .unused("has no meaning here: an address that cannot be bound always ends the daemon")),
        RunFlag("profiling", .toggle, nil, .unused("has no meaning here: there is no profiler to serve")),
        RunFlag("show-hidden-metrics-for-version", .text, nil, .unused("has no meaning here: no metric is hidden")),
        RunFlag("iptables-masquerade-bit", .integer, nil, .unused("has no meaning here: packets are masqueraded without a mark")),
        RunFlag("ipvs-exclude-cidrs", .list, nil, .unused(noIPVS)),
        RunFlag("ipvs-strict-arp", .toggle, nil, .unused("has no meaning here: no address of a Service is put on an interface")),
        RunFlag("ipvs-tcp-timeout", .duration, nil, .unused(noIPVS)),
        RunFlag("ipvs-tcpfin-timeout", .duration, nil, .unused(noIPVS)),
        RunFlag("ipvs-udp-timeout", .duration, nil, .unused(noIPVS)),
        RunFlag(
            "config-sync-period", .duration, nil, .unused("has no meaning here: the API is watched, and what was missed is listed anew")),
        RunFlag("vmodule", .text, nil, .unused("has no meaning here: give -v")),
        RunFlag("logging-format", .text, nil, .unused(logging)),
        RunFlag("log-flush-frequency", .duration, nil, .unused(logging)),
        RunFlag("log-text-info-buffer-size", .text, nil, .unused(logging)),
        RunFlag("log-text-split-stream", .toggle, nil, .unused(logging)),
        RunFlag("log-json-info-buffer-size", .text, nil, .unused(logging)),
        RunFlag("log-json-split-stream", .toggle, nil, .unused(logging)),
    ]

    /// Flags of logging: they hold beside a file, and go before it.
    package static let loggingNames: Set<String> = [
        "verbose", "verbosity", "vmodule", "logging-format", "log-flush-frequency", "log-text-info-buffer-size",
        "log-text-split-stream", "log-json-info-buffer-size", "log-json-split-stream",
    ]

    /// Is there a flag of this name in kube-proxy's own command line?
    package static let kubeProxyNames: Set<String> = Set(
        kubeProxy.map(\.name) + ConfigurationSchema.kubeProxy.fields.compactMap(\.flag) + ["master"])
}
