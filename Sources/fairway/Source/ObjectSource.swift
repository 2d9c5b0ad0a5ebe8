internal import KubernetesModel
internal import Logging
internal import ManifestSource
internal import ObjectStore
internal import Observability

/// Where the objects come from: folders of manifests, or a cluster's API.
enum ObjectSource: Sendable {
    case manifests(paths: [String], AllocationSettings)
    case api(APISource)

    /// Who makes endpoints, and which kinds must be known before anything is decided.
    ///
    /// - Parameter namesToo: and before names are.
    func makeFeed(_ kinds: WatchedKinds, namesToo: Bool = false) -> ClusterFeed {
        switch self {
        case .manifests: ClusterFeed()
        case .api(let source):
            ClusterFeed(source.endpoints, expecting: kinds.expected.union(namesToo ? kinds.expectedForNames : []))
        }
    }

    /// Tells the cluster that the daemon starts, and what is wrong from then on; nil where there is no API.
    func makeEvents(nodeName: String, logger: Logger) throws -> ClusterEvents? {
        guard case .api(let source) = self else { return nil }
        let events = try ClusterEvents(source: source, controller: "fairway", instance: nodeName, logger: logger)
        events.starting(node: nodeName)
        return events
    }

    /// Series of following it.
    var metrics: [MetricDescription] {
        switch self {
        case .manifests: []
        case .api: MetricCatalog.kubernetes
        }
    }

    /// One line for people.
    var text: String {
        switch self {
        case .manifests(let paths, _): paths.joined(separator: ",")
        case .api(let source): source.text
        }
    }
}
