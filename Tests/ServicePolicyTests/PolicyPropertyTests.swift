import KubernetesModel
import KubernetesModelTesting
import NetworkTypes
import ObjectStore
import RandomTesting
import ServicePolicy
import ServiceTable
import Testing

@Suite struct PolicyPropertyTests {
    static let options = PolicyOptions(nodeName: "node-a")

    /// The table with every set of backends sorted: what does not depend on the way it came about.
    static func canonical(_ table: ServiceTable) -> ServiceTable {
        let sorted = { (set: BackendSet) in
            BackendSet(set.backends.sorted { ($0.address, $0.port) < ($1.address, $1.port) })
        }
        var result = ServiceTable(node: table.node)
        for port in table.values {
            result[port.key] = ServicePort(
                key: port.key, affinity: port.affinity, scheduler: port.scheduler,
                clusterBackends: sorted(port.clusterBackends), localBackends: sorted(port.localBackends),
                frontends: port.frontends, lingering: port.lingering, relay: port.relay)
        }
        return result
    }

    /// Decided in one step by a policy that never saw anything else.
    static func fromScratch(_ cluster: Cluster) -> ServicePolicy {
        var policy = ServicePolicy(options: options)
        _ = policy.update(
            snapshot: cluster.store.snapshot, dirty: DirtyKeys(services: Set(cluster.store.snapshot.services.keys)),
            hostAddresses: cluster.hostAddresses)
        return policy
    }

    @Test("step by step is what all at once is, and a step names exactly what it changes", arguments: UInt64(1)...40)
    func incremental(seed: UInt64) {
        var source = RandomCluster(seed: seed)
        var cluster = Cluster(Self.options)
        for step in 0..<60 {
            let comment: Comment = "seed \(seed), step \(step)"
            let before = cluster.policy.table
            var events = (0..<source.random.number(1...5)).map { _ in source.event() }
            if source.random.oneIn(5) { events.append(source.random.pick(events)) }
            let change = cluster.apply(events)
            let scratch = Self.fromScratch(cluster)
            #expect(Self.canonical(cluster.policy.table) == Self.canonical(scratch.table), comment)
            #expect(cluster.policy.conflicts == scratch.conflicts, comment)
            #expect(change.old == before && change.new == cluster.policy.table, comment)
            #expect(change.changed == cluster.policy.table.changes(from: before).changed, comment)
            Self.expectSound(cluster.policy, comment)
            Self.expectStable(change, comment)
            if Self.canonical(cluster.policy.table) != Self.canonical(scratch.table) { return }
        }
    }

    /// No frontend twice, and no verdict that balances over nobody.
    static func expectSound(_ policy: ServicePolicy, _ comment: Comment) {
        let keys = policy.table.values.flatMap { port in port.frontends.map { $0.key(in: port.key) } }
        #expect(Set(keys).count == keys.count, comment)
        for port in policy.table.values {
            for frontend in port.frontends {
                for verdict in [frontend.verdicts.pod, frontend.verdicts.node, frontend.verdicts.outside] {
                    guard case .balance(let scope, _) = verdict else { continue }
                    #expect(!port.backends(scope).isEmpty, comment)
                }
            }
        }
        for (conflict, holder) in policy.conflicts {
            let frontends = policy.table[holder]?.frontends ?? []
            #expect(frontends.contains { $0.key(in: holder) == conflict.frontend }, comment)
        }
    }

    /// A backend that stays below the new end of its set keeps its index.
    static func expectStable(_ change: ServiceTableChange, _ comment: Comment) {
        for key in change.changed {
            guard let old = change.old[key], let new = change.new[key] else { continue }
            for scope in [BackendScope.cluster, .local] {
                let (was, now) = (old.backends(scope).backends, new.backends(scope).backends)
                for (index, backend) in was.enumerated() where index < now.count {
                    guard now.contains(where: backend.isSamePlace) else { continue }
                    #expect(now[index].isSamePlace(as: backend), comment)
                }
            }
        }
    }

    @Test("order, batches and duplicates of events do not matter", arguments: UInt64(1)...30)
    func order(seed: UInt64) {
        var source = RandomCluster(seed: seed)
        var objects: [ObjectReference: KubernetesObject] = [:]
        for _ in 0..<30 {
            let object = source.object()
            objects[object.reference] = object
        }
        let wanted = objects.values.sorted { $0.reference < $1.reference }
        var first: (ServiceTable, [String])?
        for round in 0..<5 {
            var cluster = Cluster(Self.options)
            // Objects that vanish again, and older versions of those that stay.
            let noise = (0..<source.random.number(0...20)).map { _ in source.event() }
            for event in noise { cluster.apply([event]) }
            var events: [StoreEvent] = ObjectKind.allCases.flatMap { cluster.store.snapshot.references(of: $0) }
                .filter { objects[$0] == nil }.map(StoreEvent.delete)
            events += wanted.map(StoreEvent.set)
            events += events.shuffled(using: &source.random).prefix(10)
            events.shuffle(using: &source.random)
            while !events.isEmpty {
                let batch = Array(events.prefix(source.random.number(1...6)))
                cluster.apply(batch)
                events.removeFirst(batch.count)
            }
            let result = (Self.canonical(cluster.policy.table), cluster.conflicts)
            if let first {
                #expect(result.0 == first.0, "seed \(seed), round \(round)")
                #expect(result.1 == first.1, "seed \(seed), round \(round)")
            } else {
                first = result
            }
        }
    }

    @Test("one Service of 2 000 changed: one key is named, and nothing when nothing differs")
    func cost() {
        var cluster = Cluster()
        var events: [StoreEvent] = []
        let slice = { (number: Int, host: Int) in
            KubernetesObject.endpointSlice(
                .make("s\(number)-1", service: "s\(number)", endpoints: [.make("10.244.\(number % 200).\(host)", node: "node-b")]))
        }
        for number in 0..<2_000 {
            events.append(
                .set(.service(.make("s\(number)", clusterIPs: ["10.96.\(number / 250).\(number % 250 + 1)"]))))
            events.append(.set(slice(number, 1)))
        }
        #expect(cluster.apply(events).changed.count == 2_000)
        #expect(cluster.set(slice(777, 2)).changed == [portKey("s777")])
        #expect(cluster.set(slice(777, 2)).isEmpty)
        #expect(cluster.set(.service(.make("s5", clusterIPs: ["10.96.0.6"], labels: ["x": "y"]))).isEmpty)
        #expect(cluster.set(.node(.make("node-a", zone: "zone-1"))).changed.isEmpty)
        #expect(cluster.delete(.service, "s9").changed == [portKey("s9")])
        #expect(cluster.policy.table.count == 1_999)
    }
}

extension ClusterSnapshot {
    func references(of kind: ObjectKind) -> [ObjectReference] {
        keys(of: kind).map { ObjectReference(kind: kind, key: $0) }
    }
}
