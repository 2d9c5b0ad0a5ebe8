import KubernetesModel
import KubernetesModelTesting
import ObjectStore
import ServiceTable
import Testing

@testable import fairway

/// What `fairway get` lists of the objects that are known.
@Suite struct AdminQueriesTests {
    private func queries(_ objects: KubernetesObject..., namespace: String? = nil) -> AdminQueries {
        var store = ObjectStore(expecting: [])
        _ = store.apply(objects.map(StoreEvent.set))
        return AdminQueries(
            view: Engine.View(
                snapshot: store.snapshot, table: ServiceTable(), conflicts: [:], hintRefusals: [:], isSynced: true,
                missingKinds: []),
            namespace: namespace)
    }

    @Test func `endpoints are those of Services that are known, usable or not`() {
        let web: [KubernetesObject] = [
            .service(.make("web", clusterIPs: ["10.96.0.1"])),
            .endpointSlice(.make("web-1", service: "web", endpoints: [.make("10.0.0.1"), .make("10.0.0.2", ready: false)])),
        ]
        let others: [KubernetesObject] = [
            .endpointSlice(.make("gone-1", service: "gone", endpoints: [.make("10.0.0.9")])),
            .endpointSlice(
                .make("stray", service: "web", endpoints: [.make("10.0.0.8")]) { $0.metadata.labels[LabelKey.serviceName] = nil }),
        ]
        let rows = queries(web[0], web[1], others[0], others[1]).endpointRows()
        #expect(rows.map(\.slice) == ["web-1", "web-1"] && rows.map(\.ready) == [true, false], "\(rows)")
        let elsewhere = queries(web[0], web[1], namespace: "elsewhere").endpointRows()
        #expect(elsewhere.isEmpty)
    }
}
