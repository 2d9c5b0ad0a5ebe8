import KubernetesModel
import NetworkTypes
import ObjectStore

/// Single changes to a made-up cluster, one kind at a time, each on a Service drawn by chance.
struct ClusterChanges {
    enum Kind: CaseIterable {
        /// One endpoint replaced by another.
        case replace
        /// One endpoint fewer.
        case shrink
        /// One endpoint more.
        case grow
        /// A Service with endpoints added.
        case add
        /// That Service removed.
        case remove
    }

    private let services: Int
    private let generator: ClusterGenerator
    private var random: UInt64
    private var freshPod = 12_000_000
    private var added: Int

    init(services: Int, seed: UInt64) {
        self.services = services
        self.generator = ClusterGenerator(services: services, meanEndpoints: 5, seed: seed)
        self.random = seed ^ 0xC0FFEE
        self.added = services
    }

    mutating func events(_ kind: Kind, _ snapshot: ClusterSnapshot) -> [StoreEvent] {
        switch kind {
        case .replace:
            let new = newEndpoint()
            return edit(snapshot) { $0.isEmpty ? $0 : Array($0.dropFirst()) + [new] }
        case .shrink:
            return edit(snapshot) { Array($0.dropFirst()) }
        case .grow:
            let new = newEndpoint()
            return edit(snapshot) { $0 + [new] }
        case .add:
            added += 1
            let service = generator.service(added)
            freshPod += 5
            let slices = service.spec.ipFamilies.flatMap {
                generator.slices(of: service, family: $0, firstPod: freshPod - 5, count: 5)
            }
            return [.set(.service(service))] + slices.map { .set(.endpointSlice($0)) }
        case .remove:
            let service = generator.service(added)
            let slices = snapshot.sliceKeys(ofService: service.metadata.key)
            return [.delete(ObjectReference(kind: .service, key: service.metadata.key))]
                + slices.map { .delete(ObjectReference(kind: .endpointSlice, key: $0)) }
        }
    }

    private mutating func newEndpoint() -> Endpoint {
        freshPod += 1
        return generator.endpoint(pod: freshPod, family: .ipv4)
    }

    /// One IPv4 slice of a Service drawn by chance, edited.
    private mutating func edit(
        _ snapshot: ClusterSnapshot, _ body: ([Endpoint]) -> [Endpoint]
    ) -> [StoreEvent] {
        random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let service = generator.service(Int((random >> 33) % UInt64(services)))
        guard var slice = snapshot.slices(ofService: service.metadata.key).first(where: { $0.addressType == .ipv4 })
        else { return [] }
        slice.endpoints = body(slice.endpoints)
        return [.set(.endpointSlice(slice))]
    }
}
