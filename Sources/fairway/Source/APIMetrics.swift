internal import CoreMetrics
internal import KubernetesClient
internal import KubernetesModel

/// What the reflectors did, counted.
enum APIMetrics {
    static func count(_ notice: ReflectorNotice, _ kind: ObjectKind) {
        let kind = [("kind", kind.rawValue)]
        switch notice {
        case .listing: Counter(label: "fairway_api_lists_total", dimensions: kind).increment()
        case .watching: Counter(label: "fairway_api_watches_total", dimensions: kind).increment()
        case .events(let applied, _): Counter(label: "fairway_api_events_total", dimensions: kind).increment(by: applied)
        case .failed: Counter(label: "fairway_api_failures_total", dimensions: kind).increment()
        case .unreadable: Counter(label: "fairway_api_unreadable_objects_total", dimensions: kind).increment()
        case .listed, .expired, .withoutStreams, .lost, .following: break
        }
    }
}
