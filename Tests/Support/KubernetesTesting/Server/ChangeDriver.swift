internal import FoundationEssentials
internal import KubernetesModel
internal import NIOCore
internal import NIOPosix

/// Changes objects at a rate: `{"resource": "endpointslices", "perSecond": 100, "seconds": 60, "first": 0}`.
///
/// A change of a slice moves its first endpoint to the address of the change's number, and says when in
/// `endpoints.kubernetes.io/last-change-trigger-time`, by which the time to the node's rules is told. Numbers count on from
/// `first`: who changes the same slices once more gives another, for the same address again would be no change. Pods change
/// between ready and not ready; of others a label changes.
final class ChangeDriver: Sendable {
    private let type: ResourceType
    private let perSecond: Int
    private let numbers: Range<Int>
    private let state: ServerState
    private let keys: [(namespace: String, name: String)]
    private let eventLoop: any EventLoop

    /// Changes that have an address of their own: 10.200.0.1 to 10.249.249.250.
    private static let addressLimit = 50 * 250 * 250

    /// - Throws: ``APIFailure`` 400.
    init(_ body: JSON, _ state: ServerState) throws {
        let plural = body["resource"]?.string ?? "endpointslices"
        guard let type = ResourceType.all.first(where: { $0.plural == plural }) else {
            throw APIFailure.badRequest("no resource \(plural)")
        }
        self.type = type
        self.state = state
        perSecond = max(1, Int(body["perSecond"]?.integer ?? 100))
        let first = max(0, Int(body["first"]?.integer ?? 0))
        numbers = first..<first + perSecond * max(1, Int(body["seconds"]?.integer ?? 60))
        keys = state.read { $0.table(type).objects.map { (namespace: $0.namespace, name: $0.name) } }
        if keys.isEmpty { throw APIFailure.badRequest("no \(type) to change") }
        eventLoop = MultiThreadedEventLoopGroup.singleton.next()
    }

    func start() { run(numbers.lowerBound, from: .now()) }

    /// The time of a change is counted from the beginning, so that late ones are made up for.
    private func run(_ number: Int, from start: NIODeadline) {
        if number == numbers.upperBound { return }
        let due = start + .nanoseconds(Int64(number - numbers.lowerBound) * 1_000_000_000 / Int64(perSecond))
        eventLoop.scheduleTask(deadline: due) {
            let key = self.keys[number % self.keys.count]
            self.change(key.namespace, key.name, number)
            self.run(number + 1, from: start)
        }
    }

    private func change(_ namespace: String, _ name: String, _ number: Int) {
        state.write { cluster in
            guard var tree = try? cluster.get(type, namespace, name).tree else { return }
            switch type {
            case .endpointSlices: Self.move(&tree, number)
            case .pods: Self.turn(&tree)
            default: tree[["metadata", "labels", "changed"]] = .string(String(number))
            }
            _ = try? cluster.put(tree, type)
        }
    }

    private static func move(_ slice: inout JSON, _ number: Int) {
        let now = Date().timeIntervalSince1970
        let time = Timestamp(seconds: Int64(now), nanoseconds: Int32((now - now.rounded(.down)) * 1e9))
        slice[["metadata", "annotations", "endpoints.kubernetes.io/last-change-trigger-time"]] = .string(time.description)
        guard var endpoints = slice["endpoints"]?.array, !endpoints.isEmpty else { return }
        let isIPv6 = slice["addressType"] == "IPv6"
        endpoints[0]["addresses"] = [.string(isIPv6 ? "fd00:fe::\(String(number, radix: 16))" : address(number % addressLimit))]
        slice["endpoints"] = .array(endpoints)
    }

    private static func address(_ number: Int) -> String {
        "10.\(200 + number / 62_500).\(number / 250 % 250).\(number % 250 + 1)"
    }

    private static func turn(_ pod: inout JSON) {
        guard var conditions = pod[["status", "conditions"]]?.array,
            let index = conditions.firstIndex(where: { $0["type"] == "Ready" })
        else { return }
        conditions[index]["status"] = conditions[index]["status"] == "True" ? "False" : "True"
        pod[["status", "conditions"]] = .array(conditions)
    }
}
