import KubernetesModel
import KubernetesModelTesting
import ObjectStore

/// A source that does what a test says, through what every source has: a function that takes events.
struct ScriptedSource: Sendable {
    static let kinds = ObjectKind.allCases
    let deliver: @Sendable ([StoreEvent]) -> Void

    /// Everything, as a watch tells it that begins.
    func list(_ objects: [KubernetesObject]) { deliver(objects.map(StoreEvent.set) + Self.kinds.map(StoreEvent.synced)) }

    /// The first objects of a list whose connection then breaks.
    func beginList(_ objects: some Sequence<KubernetesObject>) {
        deliver(Self.kinds.map(StoreEvent.reset))
        deliver(objects.map(StoreEvent.set))
    }

    /// The rest of a list.
    func endList(_ objects: some Sequence<KubernetesObject>) {
        deliver(objects.map(StoreEvent.set))
        deliver(Self.kinds.map(StoreEvent.synced))
    }

    func loses(since time: Int64, _ kinds: [ObjectKind] = Self.kinds) {
        deliver(kinds.map { .source(.lost(since: time), of: $0) })
    }

    /// The watch goes on where it was: nothing was missed.
    func resumes(_ kinds: [ObjectKind] = Self.kinds) { deliver(kinds.map { .source(.connected, of: $0) }) }
}

extension ScriptedSource {
    /// A namespace with as many Services, `web0` at 10.96.0.1 and so on, and one that selects a pod.
    static func cluster(_ count: Int) -> [KubernetesObject] {
        let services = (0..<count).map { index in
            KubernetesObject.service(
                .make("web\(index)", namespace: "shop", clusterIPs: ["10.96.0.\(index + 1)"], selector: [:]))
        }
        return [.namespace(.make("shop"))] + services + [
            .service(.make("db", namespace: "shop", clusterIPs: ["None"])),
            .pod(.make("db-0", namespace: "shop", ip: "10.244.0.9")),
        ]
    }
}
