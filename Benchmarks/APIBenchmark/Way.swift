/// What is started, and what it asks of the API server. The raw value names it on the command line.
enum Way: String, CaseIterable, Sendable {
    case protobuf
    case json
    case defaultRate = "default-rate"
    case podsProtobuf = "pods-protobuf"
    case podsJSON = "pods-json"
    case podNames = "pod-names"
    case kubeProxy = "kube-proxy"

    /// For people.
    var title: String {
        switch self {
        case .protobuf: "services and slices, protobuf"
        case .json: "services and slices, JSON"
        case .defaultRate: "services and slices, protobuf, 5 requests/s"
        case .podsProtobuf: "with pods, protobuf"
        case .podsJSON: "with pods, JSON"
        case .podNames: "pods by name, protobuf"
        case .kubeProxy: "kube-proxy (nftables)"
        }
    }

    var listsPods: Bool { [.podsProtobuf, .podsJSON, .podNames].contains(self) }

    /// Changes are those of slices, which are not read where endpoints come from pods; the rate of requests changes nothing
    /// once a watch is open.
    var takesChanges: Bool { [.protobuf, .json, .podNames, .kubeProxy].contains(self) }

    /// Without the program's name.
    func arguments(kubeconfig: String, folder: String) -> [String] {
        let common = ["--kubeconfig", kubeconfig, "--hostname-override", TestBed.nodeName]
        if self == .kubeProxy {
            // The connection tracking table of the machine is left alone.
            return common + [
                "--proxy-mode", "nftables", "--conntrack-max-per-core", "0", "--conntrack-tcp-timeout-established", "0",
                "--conntrack-tcp-timeout-close-wait", "0", "--kube-api-qps", "1000", "--kube-api-burst", "1000",
            ]
        }
        return ["run"] + common + ["--state-dir", "", "--admin-socket", "\(folder)/admin.sock"] + own
    }

    private var own: [String] {
        let unlimited = "--kube-api-qps=-1"
        return switch self {
        case .protobuf: [unlimited]
        case .json: [unlimited, "--kube-api-content-type", "application/json"]
        case .podsProtobuf: [unlimited, "--endpoints-from", "pods"]
        case .podsJSON: [unlimited, "--endpoints-from", "pods", "--kube-api-content-type", "application/json"]
        case .podNames: [unlimited, "--dns-bind-address", "127.0.0.1:53", "--dns-pods", "verified", "--dns-upstream", "none"]
        case .defaultRate, .kubeProxy: []
        }
    }
}
