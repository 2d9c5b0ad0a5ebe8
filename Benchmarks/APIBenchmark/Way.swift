/// What is started, and what it asks of the API server.
enum Way: String, CaseIterable, Sendable {
    case protobuf = "services and slices, protobuf"
    case json = "services and slices, JSON"
    case defaultRate = "services and slices, protobuf, 5 requests/s"
    case podsProtobuf = "with pods, protobuf"
    case podsJSON = "with pods, JSON"
    case podNames = "pods by name, protobuf"
    case kubeProxy = "kube-proxy (nftables)"

    var listsPods: Bool { [.podsProtobuf, .podsJSON, .podNames].contains(self) }

    /// The rate of requests and what they are written in change nothing once a watch is open.
    var takesChanges: Bool { [.protobuf, .podsProtobuf, .json, .kubeProxy].contains(self) && self != .podsProtobuf }

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
