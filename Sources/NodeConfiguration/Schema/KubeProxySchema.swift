extension ConfigurationSchema {
    /// kube-proxy's own configuration: every field of kubeproxy.config.k8s.io/v1alpha1 with its default
    /// (staging/src/k8s.io/kube-proxy/config/v1alpha1 and its defaults, Kubernetes 1.36).
    package static let kubeProxy = ConfigurationSchema(
        apiVersion: "kubeproxy.config.k8s.io/v1alpha1", kind: "KubeProxyConfiguration", fields: kubeProxyFields)

    private static let windows = "is for nodes with Windows"

    private static let kubeProxyFields: [ConfigurationField] =
        general + iptables + ipvs + nftables + winkernel + localDetection + node

    private static let general: [ConfigurationField] = [
        .init("featureGates", .switches, .map([:]), flag: "feature-gates"),
        .init("clientConnection.kubeconfig", .text, "", flag: "kubeconfig", emptyIsDefault: true),
        .init("clientConnection.acceptContentTypes", .text, "", unused: "has no meaning here: protobuf and JSON are both understood"),
        .init(
            "clientConnection.contentType", .text, "application/vnd.kubernetes.protobuf", flag: "kube-api-content-type",
            emptyIsDefault: true),
        .init("clientConnection.qps", .number, 5.0, flag: "kube-api-qps", emptyIsDefault: true),
        .init("clientConnection.burst", .integer, 10, flag: "kube-api-burst", emptyIsDefault: true),
        .init("logging.format", .text, "text", flag: "logging-format", emptyIsDefault: true),
        .init("logging.flushFrequency", .structure, "5s", flag: "log-flush-frequency", emptyIsDefault: true),
        .init("logging.verbosity", .integer, 0, flag: "verbosity"),
        .init("logging.vmodule", .structure, [], unused: "has no meaning here: set logging.verbosity"),
        .init(
            "logging.options", .structure, .map([:]), emptyIsDefault: true,
            unused: "has no meaning here: lines go to standard error as they are"),
        .init("hostnameOverride", .text, "", flag: "hostname-override", emptyIsDefault: true),
        .init("bindAddress", .text, "0.0.0.0", flag: "bind-address", emptyIsDefault: true),
        .init("healthzBindAddress", .text, "0.0.0.0:10256", flag: "healthz-bind-address", emptyIsDefault: true),
        .init("metricsBindAddress", .text, "127.0.0.1:10249", flag: "metrics-bind-address", emptyIsDefault: true),
        .init("bindAddressHardFail", .bool, false, flag: "bind-address-hard-fail"),
        .init("enableProfiling", .bool, false, flag: "profiling"),
        .init("showHiddenMetricsForVersion", .text, "", flag: "show-hidden-metrics-for-version"),
        .init("mode", .text, "", flag: "proxy-mode", emptyIsDefault: true),
    ]

    private static let iptables: [ConfigurationField] = [
        .init("iptables.masqueradeBit", .integer, 14, flag: "iptables-masquerade-bit"),
        .init("iptables.masqueradeAll", .bool, false, flag: "masquerade-all"),
        .init("iptables.localhostNodePorts", .bool, true, flag: "iptables-localhost-nodeports"),
        .init("iptables.syncPeriod", .duration, "30s", flag: "iptables-sync-period", emptyIsDefault: true),
        .init("iptables.minSyncPeriod", .duration, "1s", flag: "iptables-min-sync-period", emptyIsDefault: true),
    ]

    private static let ipvs: [ConfigurationField] = [
        .init("ipvs.syncPeriod", .duration, "30s", flag: "ipvs-sync-period", emptyIsDefault: true),
        .init("ipvs.minSyncPeriod", .duration, "0s", flag: "ipvs-min-sync-period"),
        .init("ipvs.scheduler", .text, "", flag: "ipvs-scheduler", emptyIsDefault: true),
        .init("ipvs.excludeCIDRs", .texts, [], flag: "ipvs-exclude-cidrs"),
        .init("ipvs.strictARP", .bool, false, flag: "ipvs-strict-arp"),
        .init("ipvs.tcpTimeout", .duration, "0s", flag: "ipvs-tcp-timeout"),
        .init("ipvs.tcpFinTimeout", .duration, "0s", flag: "ipvs-tcpfin-timeout"),
        .init("ipvs.udpTimeout", .duration, "0s", flag: "ipvs-udp-timeout"),
    ]

    private static let nftables: [ConfigurationField] = [
        .init("nftables.masqueradeBit", .integer, 14, flag: "iptables-masquerade-bit"),
        .init("nftables.masqueradeAll", .bool, false, flag: "masquerade-all"),
        .init("nftables.syncPeriod", .duration, "30s", flag: "iptables-sync-period", emptyIsDefault: true),
        .init("nftables.minSyncPeriod", .duration, "1s", flag: "iptables-min-sync-period", emptyIsDefault: true),
    ]

    private static let winkernel: [ConfigurationField] = [
        .init("winkernel.networkName", .text, "", unused: windows),
        .init("winkernel.sourceVip", .text, "", unused: windows),
        .init("winkernel.enableDSR", .bool, false, unused: windows),
        .init("winkernel.rootHnsEndpointName", .text, "", unused: windows),
        .init("winkernel.forwardHealthCheckVip", .bool, false, unused: windows),
    ]

    private static let localDetection: [ConfigurationField] = [
        .init("detectLocalMode", .text, "", flag: "detect-local-mode", emptyIsDefault: true),
        .init("detectLocal.bridgeInterface", .text, "", flag: "pod-bridge-interface", emptyIsDefault: true),
        .init("detectLocal.interfaceNamePrefix", .text, "", flag: "pod-interface-name-prefix", emptyIsDefault: true),
        .init("clusterCIDR", .text, "", flag: "cluster-cidr", emptyIsDefault: true),
        .init("nodePortAddresses", .texts, [], flag: "nodeport-addresses", emptyIsDefault: true),
    ]

    private static let node: [ConfigurationField] = [
        .init("oomScoreAdj", .integer, -999, flag: "oom-score-adj"),
        .init("conntrack.maxPerCore", .integer, 32768, flag: "conntrack-max-per-core"),
        .init("conntrack.min", .integer, 131072, flag: "conntrack-min"),
        .init("conntrack.tcpEstablishedTimeout", .duration, "24h0m0s", flag: "conntrack-tcp-timeout-established"),
        .init("conntrack.tcpCloseWaitTimeout", .duration, "1h0m0s", flag: "conntrack-tcp-timeout-close-wait"),
        .init("conntrack.tcpBeLiberal", .bool, false, flag: "conntrack-tcp-be-liberal"),
        .init("conntrack.udpTimeout", .duration, "0s", flag: "conntrack-udp-timeout"),
        .init("conntrack.udpStreamTimeout", .duration, "0s", flag: "conntrack-udp-timeout-stream"),
        .init("configSyncPeriod", .duration, "15m0s", flag: "config-sync-period", emptyIsDefault: true),
        .init("portRange", .text, "", unused: "has no meaning any more: NodePorts are the API server's to give"),
        .init("windowsRunAsService", .bool, false, unused: windows),
    ]
}
