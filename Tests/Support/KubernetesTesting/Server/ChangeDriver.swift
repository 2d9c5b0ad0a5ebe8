internal import FoundationEssentials
internal import KubernetesModel
internal import NIOCore
internal import NIOPosix

/// Changes objects at a rate: `{"resource": "endpointslices", "perSecond": 100, "seconds": 60}`.
///
/// A change of a slice moves its first endpoint to another address and says when in
/// `endpoints.kubernetes.io/last-change-trigger-time`, by which the time to the node's rules is told. Pods change between
/// ready and not ready; of others a label changes.
final class ChangeDriver: Sendable {
    private let type: ResourceType
    private let perSecond: Int
    private let total: Int
    private let state: ServerState
    private let keys: [(namespace: String, name: String)]
    private let eventLoop: any EventLoop

    /// - Throws: ``APIFailure`` 400.
    init(_ body: JSON, _ state: ServerState) throws {
        let plural = body["resource"]?.string ?? "endpointslices"
        guard let type = ResourceType.all.first(where: { $0.plural == plural }) else {
            throw APIFailure.badRequest("no resource \(plural)")
        }
        self.type = type
        self.state = state
        perSecond = max(1, Int(body["perSecond"]?.integer ?? 100))
        total = perSecond * max(1, Int(body["seconds"]?.integer ?? 60))
        keys = state.read { $0.table(type).objects.map { (namespace: $0.namespace, name: $0.name) } }
        if keys.isEmpty { throw APIFailure.badRequest("no \(type) to change") }
        eventLoop = MultiThreadedEventLoopGroup.singleton.next()
    }

    func start() { run(0, from: .now()) }

    /// The time of a change is counted from the beginning, so that late ones are made up for.
    private func run(_ count: Int, from start: NIODeadline) {
        if count == total { return }
        let due = start + .nanoseconds(Int64(count) * 1_000_000_000 / Int64(perSecond))
        eventLoop.scheduleTask(deadline: due) {
            let key = self.keys[count % self.keys.count]
            self.change(key.namespace, key.name, count)
            self.run(count + 1, from: start)
        }
    }

    private func change(_ namespace: String, _ name: String, _ count: Int) {
        state.write { cluster in
            guard var tree = try? cluster.get(type, namespace, name).tree else { return }
            switch type {
            case .endpointSlices: Self.move(&tree, count)
            case .pods: Self.turn(&tree)
            default: tree[["metadata", "labels", "changed"]] = .string(String(count))
            }
            _ = try? cluster.put(tree, type)
        }
    }

    private static func move(_ slice: inout JSON, _ count: Int) {
        let now = Date().timeIntervalSince1970
        let time = Timestamp(seconds: Int64(now), nanoseconds: Int32((now - now.rounded(.down)) * 1e9))
        slice[["metadata", "annotations", "endpoints.kubernetes.io/last-change-trigger-time"]] = .string(time.description)
        guard var endpoints = slice["endpoints"]?.array, !endpoints.isEmpty else { return }
        let isIPv6 = slice["addressType"] == "IPv6"
        endpoints[0]["addresses"] = [.string(isIPv6 ? "fd00:fe::\(String(count, radix: 16))" : "10.200.\(count / 250 % 250).\(count % 250 + 1)")]
        slice["endpoints"] = .array(endpoints)
    }

    private static func turn(_ pod: inout JSON) {
        guard var conditions = pod[["status", "conditions"]]?.array,
            let index = conditions.firstIndex(where: { $0["type"] == "Ready" })
        else { return }
        conditions[index]["status"] = conditions[index]["status"] == "True" ? "False" : "True"
        pod[["status", "conditions"]] = .array(conditions)
    }
}
