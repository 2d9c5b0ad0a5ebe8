import KubernetesModel
import NetworkTypes
import ObjectStore
import RandomTesting
import Testing

@testable import ManifestSource

@Suite("What a changed file changes")
struct TrackerTests {
    @Test("the first batch ends with every kind synced, later ones tell differences only")
    func differences() {
        var tracker = ManifestTracker()
        let first = tracker.apply(["a": Manifests.pod("a") + "---\n" + Manifests.pod("b"), "b": Manifests.service("web")])
        #expect(first.summary == ["+Pod default/a", "+Pod default/b", "+Service default/web"])
        #expect(first.events.suffix(ObjectKind.allCases.count) == ObjectKind.allCases.map(StoreEvent.synced)[...])
        #expect(tracker.apply(["a": Manifests.pod("a") + "---\n" + Manifests.pod("b")]).isEmpty)
        #expect(tracker.apply(["a": Manifests.pod("b") + "---\n" + Manifests.pod("c")]).summary == ["-Pod default/a", "+Pod default/c"])
        #expect(tracker.apply(["b": nil]).summary == ["-Service default/web"])
    }

    @Test("an object that is wrong now stays as it was last right, and the rest goes on")
    func lastGood() {
        var tracker = ManifestTracker()
        _ = tracker.apply(["a": Manifests.service("web") + "---\n" + Manifests.pod("a")])
        let bad = tracker.apply(["a": Manifests.service("web", "ports: [{port: 0}]") + "---\n" + Manifests.pod("b")])
        #expect(bad.summary == ["-Pod default/a", "+Pod default/b"])
        #expect(bad.newFaults.map(\.description) == [
            "a:5:18: Service default/web: spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive"
        ])
        let mended = tracker.apply(["a": Manifests.service("web") + "---\n" + Manifests.pod("b")])
        #expect(mended.summary == [])
        #expect(mended.mendedFaults.count == 1 && mended.faults.isEmpty)
    }

    @Test("a file that cannot be read to its end keeps what was not found before that point")
    func lastGoodOfUnreadable() {
        var tracker = ManifestTracker()
        _ = tracker.apply(["a": Manifests.pod("a") + "---\n" + Manifests.pod("b")])
        #expect(tracker.apply(["a": Manifests.pod("c") + "---\n]"]).summary == ["+Pod default/c"])
        #expect(tracker.apply(["a": Manifests.pod("c")]).summary == ["-Pod default/a", "-Pod default/b"])
    }

    @Test("of the same object in two places the first by path is used, and the other is told with both places")
    func duplicates() {
        var tracker = ManifestTracker()
        let first = tracker.apply(["b": Manifests.service("web", label: "b"), "c": Manifests.service("web", label: "c")])
        #expect(first.service("web")?.metadata.labels["l"] == "b")
        #expect(first.faults.map(\.description) == ["c:1:1: Service default/web: already defined at b:1:1, which is used"])
        let earlier = tracker.apply(["a": Manifests.service("web", label: "a")])
        #expect(earlier.service("web")?.metadata.labels["l"] == "a")
        #expect(earlier.faults.map(\.path) == ["b", "c"])
        #expect(tracker.apply(["a": nil, "b": nil]).service("web")?.metadata.labels["l"] == "c")
        #expect(tracker.apply(["c": nil]).summary == ["-Service default/web"])
    }

    @Test("kinds that are not used are counted over all files")
    func skipped() {
        var tracker = ManifestTracker()
        let secret = "apiVersion: v1\nkind: Secret\n"
        #expect(tracker.apply(["a": secret, "b": secret]).skippedKinds == ["Secret": 2])
        #expect(tracker.apply(["a": nil]).skippedKinds == ["Secret": 1])
        #expect(tracker.apply(["b": nil]).skippedKinds == [:])
    }

    @Test("order of files and repeated changes do not matter", arguments: [UInt64(1), 2, 3, 4, 5, 6, 7, 8])
    func orderDoesNotMatter(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var files: [String: String?] = [:]
        var changed = ManifestTracker()
        var store = ObjectStore()
        for _ in 0..<60 {
            let path = "f\(random.below(6))"
            let texts = (0..<random.below(4)).map { _ in
                Bool.random(using: &random)
                    ? Manifests.pod("p\(random.below(6))")
                    : Manifests.service("s\(random.below(6))", label: "l\(random.below(3))")
            }
            let text: String? = random.below(5) == 0 ? nil : texts.joined(separator: "---\n")
            files[path] = .some(text)
            _ = store.apply(changed.apply([path: text]).events)
        }
        var fresh = ManifestTracker()
        var freshStore = ObjectStore()
        let batch = fresh.apply(files)
        _ = freshStore.apply(batch.events)
        func objects(_ store: ObjectStore) -> [ObjectReference: KubernetesObject] {
            var result: [ObjectReference: KubernetesObject] = [:]
            for kind in [ObjectKind.pod, .service] {
                for key in store.snapshot.keys(of: kind) {
                    let reference = ObjectReference(kind: kind, key: key)
                    result[reference] = store.snapshot[reference]
                }
            }
            return result
        }
        #expect(objects(store) == objects(freshStore), "seed \(seed)")
        #expect(changed.apply([String: String?]()).faults == batch.faults, "seed \(seed)")
    }
}
