import EndpointSliceController
import KubernetesModel
import NetworkTypes
import ObjectStore
import RandomTesting
import Testing

/// Properties over random clusters. Each prints its seed with a failure.
struct EventOrderTests {
    static let seeds: [UInt64] = Array(1...40)

    /// Whatever the events before, the endpoints are those of the objects that there are.
    @Test(arguments: seeds)
    func incrementalEqualsFromScratch(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var harness = ControllerHarness(maxEndpointsPerSlice: 3)
        for step in 0..<60 {
            let count = Int.random(in: 1...6, using: &random)
            harness.apply((0..<count).map { _ in RandomCluster.event(harness.store.snapshot, &random) })
            let snapshot = harness.store.snapshot
            #expect(
                EndpointSet.of(snapshot) == EndpointSet.of(scratch(snapshot)), "seed \(seed), step \(step)")
            #expect(harness.slices.allSatisfy { $0.endpoints.count <= 3 }, "seed \(seed), step \(step)")
            for service in snapshot.services.values where SliceReconciler.makesSlices(for: service) {
                let slices = snapshot.slices(ofService: service.metadata.key).filter(SliceReconciler.isManaged)
                #expect(!slices.isEmpty, "seed \(seed), step \(step): \(service.metadata.key) has no slice")
                let placed = slices.flatMap { slice in
                    slice.endpoints.map { "\(slice.addressType) \($0.targetRef?.name ?? "")" }
                }
                #expect(Set(placed).count == placed.count, "seed \(seed), step \(step): a pod is twice in a family")
            }
        }
    }

    @Test(arguments: seeds)
    func orderAndDuplicatesDoNotMatter(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var source = ObjectStore()
        for _ in 0..<60 { _ = source.apply([RandomCluster.event(source.snapshot, &random)]) }
        let snapshot = source.snapshot
        var objects: [KubernetesObject] = snapshot.services.values.map(KubernetesObject.service)
        objects += snapshot.pods.values.map(KubernetesObject.pod)
        objects += snapshot.nodes.values.map(KubernetesObject.node)
        objects.sort { $0.reference < $1.reference }

        let wanted = EndpointSet.of(scratch(snapshot))
        for _ in 0..<4 {
            var events = objects.map(StoreEvent.set)
            events += events.shuffled(using: &random).prefix(events.count / 3)
            events.shuffle(using: &random)
            var harness = ControllerHarness(maxEndpointsPerSlice: 3)
            while !events.isEmpty {
                let batch = Array(events.prefix(Int.random(in: 1...7, using: &random)))
                events.removeFirst(batch.count)
                harness.apply(batch)
            }
            #expect(EndpointSet.of(harness.store.snapshot) == wanted, "seed \(seed)")
        }
    }

    @Test(arguments: seeds)
    func onePodChangesTheSlicesThatHoldItOnly(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var harness = ControllerHarness(maxEndpointsPerSlice: 5)
        harness.apply(([service(), service("all", selector: ["tier": "x"])] + pods(0..<60, labels: ["app": "web", "tier": "x"])).map(StoreEvent.set))
        for _ in 0..<30 {
            let number = Int.random(in: 0..<60, using: &random)
            guard case .pod(var changed) = pods(number..<number + 1, labels: ["app": "web", "tier": "x"])[0] else { continue }
            changed.isReady = Bool.random(using: &random)
            let holders = Set(
                harness.slices.filter { $0.endpoints.contains { $0.targetRef?.name == changed.metadata.name } }
                    .map(\.metadata.name))
            let written = harness.set(.pod(changed))
            #expect(written.deletedNames.isEmpty && Set(written.setNames).isSubset(of: holders), "seed \(seed)")
        }
    }

    /// The snapshot that a new controller makes of the same services, pods and nodes.
    private func scratch(_ snapshot: ClusterSnapshot) -> ClusterSnapshot {
        var store = ObjectStore()
        _ = store.apply(snapshot.services.values.map { .set(.service($0)) })
        _ = store.apply(snapshot.pods.values.map { .set(.pod($0)) })
        _ = store.apply(snapshot.nodes.values.map { .set(.node($0)) })
        var controller = EndpointSliceController(options: .init(reconciler: .init(maxEndpointsPerSlice: 3)))
        _ = store.apply(controller.update(snapshot: store.snapshot, dirty: DirtyKeys()))
        return store.snapshot
    }
}

/// What consumers see of the Services with selectors: endpoints with their ports, wherever they are.
struct EndpointSet: Equatable {
    struct Member: Hashable {
        let service: ObjectKey
        let ports: Set<EndpointPort>
        let endpoint: Endpoint
        let weight: UInt16?
    }

    let members: Set<Member>

    static func of(_ snapshot: ClusterSnapshot) -> EndpointSet {
        var members: Set<Member> = []
        for service in snapshot.services.values where SliceReconciler.makesSlices(for: service) {
            for slice in snapshot.slices(ofService: service.metadata.key) where SliceReconciler.isManaged(slice) {
                let weights = EndpointWeights(annotations: slice.metadata.annotations)
                for var endpoint in slice.endpoints {
                    // Hints of endpoints that are not ready are what they were before.
                    if !endpoint.isReady { (endpoint.hintZones, endpoint.hintNodes) = ([], []) }
                    members.insert(
                        Member(
                            service: service.metadata.key, ports: Set(slice.ports), endpoint: endpoint,
                            weight: endpoint.addresses.first.flatMap { weights?[$0] }))
                }
            }
        }
        return EndpointSet(members: members)
    }
}
