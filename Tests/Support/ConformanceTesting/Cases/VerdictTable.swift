internal import KubernetesModel
internal import ServicePolicy

/// Traffic policies of a Service.
enum Policies: String, CaseIterable, Sendable {
    case standard = "cluster policies"
    case externalLocal = "externalTrafficPolicy Local"
    case internalLocal = "internalTrafficPolicy Local"
    case bothLocal = "both policies Local"

    var external: TrafficPolicy { self == .externalLocal || self == .bothLocal ? .local : .cluster }
    var `internal`: TrafficPolicy { self == .internalLocal || self == .bothLocal ? .local : .cluster }
}

/// The four configurations in which upstream tests the table.
enum Masquerading: String, CaseIterable, Sendable {
    case detector = "pods are told"
    case none = "pods are not told"
    case all = "pods are told, everything masqueraded"
    case noneAll = "pods are not told, everything masqueraded"

    var hasDetector: Bool { self == .detector || self == .all }
    var isAll: Bool { self == .all || self == .noneAll }

    var options: PolicyOptions {
        .conformance.with {
            if !hasDetector { $0.clusterCIDRs = [] }
            $0.masqueradeAll = isAll
        }
    }
}

/// Reference 1.4, as it is written there: by source, destination and policy.
enum VerdictTable {
    private enum Origin { case pod, node, outside }

    /// `ALL` or `LOC`, and ` M` where masqueraded; columns: default, external Local, internal Local.
    private static func cell(_ origin: Origin, _ isClusterIP: Bool, _ column: Int) -> String {
        switch (origin, isClusterIP) {
        case (.pod, true): ["ALL", "ALL", "LOC"][column]
        case (.pod, false): ["ALL M", "ALL", "ALL M"][column]
        case (.node, true): ["ALL M", "ALL M", "LOC M"][column]
        case (.node, false): ["ALL M", "ALL M", "ALL M"][column]
        case (.outside, true): ["ALL M", "ALL M", "LOC M"][column]
        case (.outside, false): ["ALL M", "LOC", "ALL M"][column]
        }
    }

    /// What becomes of a connection from `sender` by `way` to a Service in this situation.
    static func expectation(
        _ sender: Sender, _ way: Way, _ policies: Policies, _ masquerading: Masquerading, _ situation: Situation
    ) -> Expectation {
        if situation.isEmpty { return .rejected }
        let origin: Origin =
            switch sender {
            // Without a detector a pod is like anybody else.
            case .pod: masquerading.hasDetector ? .pod : .outside
            case .node: .node
            case .client: .outside
            }
        let isClusterIP = way == .clusterIP
        let column =
            isClusterIP ? (policies.internal == .local ? 2 : 0) : (policies.external == .local ? 1 : 0)
        let text = cell(origin, isClusterIP, column)
        let pods = text.hasPrefix("LOC") ? situation.local : situation.cluster
        // Endpoints are elsewhere: a Local policy drops.
        if pods.isEmpty { return .dropped }
        var masqueraded = text.hasSuffix("M")
        if isClusterIP {
            // Without a detector no ClusterIP is masqueraded, whoever asks; masquerade-all does it to all.
            if !masquerading.hasDetector { masqueraded = false }
            if masquerading.isAll { masqueraded = true }
        }
        return .balanced(to: pods, masqueraded: masqueraded)
    }
}
