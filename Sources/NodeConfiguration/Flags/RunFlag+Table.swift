extension RunFlag {
    /// Every flag of `fairway run`, in the order of its help.
    package static let all: [RunFlag] = source + services + modes + node + pacing + listening + names + kubeProxy + acts

    private static let source: [RunFlag] = [
        RunFlag("manifests", .repeatable, []),
        RunFlag("state-dir", .text, "/var/lib/fairway"),
        RunFlag("kubeconfig", .text, ""),
        RunFlag("master", .text, ""),
        RunFlag("kube-api-qps", .number, 5.0),
        RunFlag("kube-api-burst", .integer, 10),
        RunFlag("kube-api-content-type", .text, "application/vnd.kubernetes.protobuf"),
        RunFlag("kube-api-watch-silence", .duration, "150s"),
        RunFlag("endpoints-from", .text),
    ]

    private static let services: [RunFlag] = [
        RunFlag("proxy-mode", .text, "nftables"),
        RunFlag("hostname-override", .text),
        RunFlag("bind-address", .text, "0.0.0.0", live: true),
        RunFlag("cluster-cidr", .list, "", live: true),
        RunFlag("detect-local-mode", .text, live: true),
        RunFlag("pod-bridge-interface", .text, live: true),
        RunFlag("pod-interface-name-prefix", .text, live: true),
        RunFlag("scheduler", .text, live: true),
        RunFlag("masquerade-all", .toggle, false, live: true),
        RunFlag("close-stale-connections", .toggle, false),
        RunFlag("nodeport-addresses", .list, "primary", live: true),
        RunFlag("service-cluster-ip-range", .list, "10.96.0.0/12,fd00:10:96::/112"),
    ]

    private static let modes: [RunFlag] = [
        RunFlag("ebpf-cgroup", .text),
        RunFlag("ebpf-pin-path", .text, "/sys/fs/bpf/fairway"),
        RunFlag("ebpf-interfaces", .list),
        RunFlag("ebpf-max-connections", .integer, 131072),
        RunFlag("ebpf-max-sockets", .integer, 131072),
        RunFlag("userspace-bind", .text, "redirect"),
        RunFlag("userspace-drain-timeout", .duration, "0"),
        RunFlag("userspace-rest-after-failures", .integer, 0),
    ]

    private static let node: [RunFlag] = [
        RunFlag("conntrack-max-per-core", .integer, 32768, live: true),
        RunFlag("conntrack-min", .integer, 131072, live: true),
        RunFlag("conntrack-tcp-timeout-established", .duration, "24h", live: true),
        RunFlag("conntrack-tcp-timeout-close-wait", .duration, "1h", live: true),
        RunFlag("conntrack-tcp-be-liberal", .toggle, false, live: true),
        RunFlag("conntrack-udp-timeout", .duration, "0s", live: true),
        RunFlag("conntrack-udp-timeout-stream", .duration, "0s", live: true),
        RunFlag("reserve-nodeports", .toggle, false),
        RunFlag("oom-score-adj", .integer, live: true),
    ]

    private static let pacing: [RunFlag] = [
        RunFlag("min-sync-period-milliseconds", .integer, live: true),
        RunFlag("full-sync-period", .duration, live: true),
    ]

    private static let listening: [RunFlag] = [
        RunFlag("healthz-bind-address", .text, "0.0.0.0:10256"),
        RunFlag("metrics-bind-address", .text, "127.0.0.1:10249"),
        RunFlag("admin-socket", .text, "/run/fairway/admin.sock"),
    ]

    private static let names: [RunFlag] = [
        RunFlag("dns-bind-address", .repeatable, []),
        RunFlag("cluster-domain", .text, "cluster.local"),
        RunFlag("dns-upstream", .repeatable, []),
        RunFlag("dns-stub", .repeatable, []),
        RunFlag("dns-service", .text),
        RunFlag("dns-local-address", .repeatable, []),
        RunFlag("dns-pods", .text, "insecure"),
        RunFlag("dns-ttl", .integer, 30),
        RunFlag("dns-negative-ttl", .integer, 5),
        RunFlag("dns-cache-size", .text, "16Mi"),
        RunFlag("dns-autopath", .toggle, false),
        RunFlag("dns-any-hinfo", .toggle, false),
        RunFlag("dns-namespaces", .list),
        RunFlag("dns-namespace-selector", .text),
        RunFlag("dns-labels", .text),
        RunFlag("dns-workers", .integer),
        RunFlag("dns-query-log", .toggle, false),
        RunFlag("dns-nxdomain-rate", .integer, 0),
        RunFlag("dns-health-bind-address", .text, ""),
        RunFlag("dns-ready-bind-address", .text, ""),
        RunFlag("dns-metrics-bind-address", .text, ""),
        RunFlag("dns-max-staleness", .duration, "0"),
    ]

    private static let acts: [RunFlag] = [
        RunFlag("config", .text, nil, .act),
        RunFlag("write-config-to", .text, nil, .act),
        RunFlag("init-only", .toggle, false, .act),
        RunFlag("cleanup", .toggle, false, .act),
        RunFlag("take-over", .toggle, false, .act),
        RunFlag("verbose", .toggle, false, .act, live: true),
        RunFlag("verbosity", .integer, nil, .act, live: true),
        RunFlag("version", .toggle, false, .act),
        RunFlag("help", .toggle, false, .act),
    ]
}
