import KubernetesModel
import KubernetesModelTesting
import NetworkTypes
import ObjectStore
import RandomTesting
import Testing

@Suite struct ObjectStoreTests {
    static let web = ObjectKey(namespace: "default", name: "web")
    static let db = ObjectKey(namespace: "default", name: "db")
    static let slice = EndpointSlice.make("web-1", service: "web", endpoints: [.make("10.0.0.1")])
    static let sliceReference = ObjectReference(
        kind: .endpointSlice, key: ObjectKey(namespace: "default", name: "web-1"))

    @Test("a set object is there and dirty, once; deleting takes it away")
    func setAndDelete() {
        var store = ObjectStore()
        let object = KubernetesObject.service(.make("web", clusterIPs: ["10.96.0.1"]))
        #expect(store.apply([.set(object)]) == DirtyKeys(objects: [object.reference], services: [Self.web]))
        #expect(store.snapshot[object.reference] == object)
        #expect(store.apply([.set(object)]).isEmpty)
        #expect(
            store.apply([.delete(object.reference)]) == DirtyKeys(objects: [object.reference], services: [Self.web]))
        #expect(store.snapshot[object.reference] == nil)
        #expect(store.apply([.delete(object.reference)]).isEmpty)
    }

    @Test("objects of every kind are kept under their own kind")
    func kinds() {
        let objects: [KubernetesObject] = [
            .service(.make("x")), .pod(.make("x")), .endpoints(.make("x", addresses: ["10.0.0.1"])),
            .endpointSlice(.make("x", service: nil)), .node(.make("x")), .namespace(.make("x")),
            .serviceCIDR(.make("x", cidrs: ["10.96.0.0/16"])),
        ]
        var store = ObjectStore()
        let dirty = store.apply(objects.map(StoreEvent.set))
        #expect(dirty.objects == Set(objects.map(\.reference)))
        #expect(dirty.services == [ObjectKey(namespace: "default", name: "x")])
        for object in objects {
            #expect(store.snapshot[object.reference] == object)
            #expect(store.snapshot.keys(of: object.kind) == [object.metadata.key])
        }
        #expect(Set(objects.map(\.kind)) == Set(ObjectKind.allCases))
        _ = store.apply(objects.map { .delete($0.reference) })
        #expect(ObjectKind.allCases.allSatisfy { store.snapshot.keys(of: $0).isEmpty })
    }

    @Test("an object that is kept while its kind is listed anew stays as it was; one never known stays unknown")
    func keep() {
        var store = ObjectStore()
        let web = KubernetesObject.service(.make("web"))
        let db = KubernetesObject.service(.make("db"))
        let never = KubernetesObject.service(.make("never"))
        _ = store.apply([.set(web), .set(db), .synced(.service)])
        let dirty = store.apply([.reset(.service), .keep(web.reference), .keep(never.reference), .synced(.service)])
        #expect(dirty.objects == [db.reference])
        #expect(store.snapshot[web.reference] == web)
        #expect(store.snapshot[never.reference] == nil)
        #expect(store.apply([.keep(web.reference)]).isEmpty)
    }

    @Test("a change of a slice makes its Service dirty; a slice of no Service makes none")
    func sliceDirtiesService() {
        var store = ObjectStore()
        #expect(
            store.apply([.set(.endpointSlice(Self.slice))])
                == DirtyKeys(objects: [Self.sliceReference], services: [Self.web]))
        #expect(store.snapshot.slices(ofService: Self.web) == [Self.slice])
        var orphan = Self.slice
        orphan.metadata.labels = [:]
        #expect(store.apply([.set(.endpointSlice(orphan))]).services == [Self.web])
        #expect(store.snapshot.slices(ofService: Self.web).isEmpty)
        orphan.endpoints = []
        #expect(store.apply([.set(.endpointSlice(orphan))]) == DirtyKeys(objects: [Self.sliceReference]))
    }

    @Test("a slice moved between Services makes both dirty and is listed by the new one alone")
    func movedSlice() {
        var store = ObjectStore()
        _ = store.apply([.set(.endpointSlice(Self.slice))])
        var moved = Self.slice
        moved.metadata.labels[LabelKey.serviceName] = "db"
        #expect(store.apply([.set(.endpointSlice(moved))]).services == [Self.web, Self.db])
        #expect(store.snapshot.slices(ofService: Self.web).isEmpty)
        #expect(store.snapshot.slices(ofService: Self.db) == [moved])
        #expect(store.apply([.delete(Self.sliceReference)]).services == [Self.db])
        #expect(store.snapshot.slices(ofService: Self.db).isEmpty)
    }

    @Test("slices of a Service are sorted by name and of its own namespace")
    func sliceOrder() {
        var store = ObjectStore()
        for name in ["c", "a", "b"] {
            _ = store.apply([.set(.endpointSlice(.make(name, service: "web")))])
        }
        _ = store.apply([.set(.endpointSlice(.make("a", namespace: "other", service: "web")))])
        #expect(store.snapshot.sliceKeys(ofService: Self.web).map(\.name) == ["a", "b", "c"])
        #expect(store.snapshot.sliceKeys(ofService: ObjectKey(namespace: "other", name: "web")).count == 1)
    }

    @Test("a relist removes what it did not name, at its end, and nothing of other kinds")
    func reset() {
        var store = ObjectStore()
        let old = KubernetesObject.service(.make("web"))
        let kept = KubernetesObject.service(.make("db"))
        let pod = KubernetesObject.pod(.make("web-1"))
        _ = store.apply([.set(old), .set(kept), .set(pod)])
        #expect(store.apply([.reset(.service), .set(kept)]).isEmpty)
        #expect(store.snapshot[old.reference] == old)
        #expect(store.apply([.synced(.service)]) == DirtyKeys(objects: [old.reference], services: [Self.web]))
        #expect(store.snapshot[kept.reference] == kept)
        #expect(store.snapshot[pod.reference] == pod)
    }

    @Test("an object set and deleted within a relist is gone")
    func deletedDuringRelist() {
        var store = ObjectStore()
        let object = KubernetesObject.pod(.make("web-1"))
        _ = store.apply([.set(object), .reset(.pod), .set(object), .delete(object.reference), .synced(.pod)])
        #expect(store.snapshot.pods.isEmpty)
    }

    @Test("synced when every expected kind has been told, and ever after")
    func synced() {
        var store = ObjectStore(expecting: [.service, .pod])
        #expect(!store.isSynced)
        _ = store.apply([.synced(.service)])
        #expect(!store.isSynced)
        _ = store.apply([.synced(.pod)])
        #expect(store.isSynced)
        _ = store.apply([.reset(.pod)])
        #expect(store.isSynced)
        #expect(ObjectStore(expecting: []).isSynced)
    }

    @Test("the source's state follows what is told, kind by kind", arguments: [
        ([], .connected, .connected),
        ([.source(.lost(since: 7), of: .pod)], .lost(since: 7), .lost(since: 7)),
        ([.source(.lost(since: 7), of: .pod), .source(.lost(since: 5), of: .node)], .lost(since: 7), .lost(since: 5)),
        ([.source(.lost(since: 7), of: .pod), .source(.connected, of: .pod)], .connected, .connected),
        ([.source(.lost(since: 7), of: .pod), .reset(.pod)], .resynchronising(since: 7), .resynchronising(since: 7)),
        (
            [.source(.lost(since: 7), of: .pod), .reset(.pod), .source(.lost(since: 9), of: .node)],
            .resynchronising(since: 7), .lost(since: 7)
        ),
        ([.source(.lost(since: 7), of: .pod), .reset(.pod), .synced(.pod)], .connected, .connected),
        // Told to list anew by the API server, of which it was not lost.
        ([.source(.resynchronising(since: 8), of: .pod), .reset(.pod)], .resynchronising(since: 8), .resynchronising(since: 8)),
        ([.reset(.pod)], .connected, .connected),
        ([.source(.lost(since: 7), of: .pod), .synced(.node)], .lost(since: 7), .lost(since: 7)),
    ] as [([StoreEvent], SourceState, SourceState)])
    func sources(_ events: [StoreEvent], _ pods: SourceState, _ overall: SourceState) {
        var store = ObjectStore()
        let object = KubernetesObject.pod(.make("web-1"))
        _ = store.apply([.set(object)] + ObjectKind.allCases.map(StoreEvent.synced))
        _ = store.apply(events.filter { if case .source = $0 { true } else { false } })
        #expect(store.snapshot[object.reference] == object, "a lost source takes nothing with it")
        var whole = ObjectStore()
        _ = whole.apply(ObjectKind.allCases.map(StoreEvent.synced) + events)
        #expect(whole.sources[.pod] == pods)
        #expect(whole.sources.overall == overall)
        #expect(whole.isSynced)
    }

    @Test("a snapshot taken earlier does not see later changes")
    func snapshots() {
        var store = ObjectStore()
        _ = store.apply([.set(.endpointSlice(Self.slice)), .set(.service(.make("web")))])
        let before = store.snapshot
        var moved = Self.slice
        moved.metadata.labels[LabelKey.serviceName] = "db"
        _ = store.apply([
            .set(.endpointSlice(moved)), .set(.service(.make("web", clusterIPs: ["10.96.0.9"]))),
            .set(.pod(.make("web-1"))),
        ])
        #expect(before.slices(ofService: Self.web) == [Self.slice])
        #expect(before.slices(ofService: Self.db).isEmpty)
        #expect(before.services[Self.web] == .make("web"))
        #expect(before.pods.isEmpty)
    }

    @Test(
        "order between objects and duplicates of events do not matter",
        arguments: [1, 2, 3, UInt64.random(in: 0 ... .max)])
    func orderAndDuplicates(seed: UInt64) {
        var objects = RandomObjects(seed: seed, names: 6)
        // The last word on each object: it looks so, or it is gone.
        var last: [ObjectReference: StoreEvent] = [:]
        var history: [ObjectReference: [StoreEvent]] = [:]
        for _ in 0..<300 {
            let object = objects.object()
            let event: StoreEvent = objects.random.oneIn(4) ? .delete(object.reference) : .set(object)
            history[object.reference, default: []].append(event)
            last[object.reference] = event
        }
        var expected = ObjectStore()
        _ = expected.apply(last.values)
        for _ in 0..<4 {
            var store = ObjectStore()
            var rest = history
            var dirty = DirtyKeys()
            while let reference = rest.keys.sorted().randomElement(using: &objects.random) {
                // In order for one object, in any order between objects, some told twice.
                guard let event = rest[reference]?.first else {
                    rest[reference] = nil
                    continue
                }
                if !objects.random.oneIn(3) { rest[reference]?.removeFirst() }
                dirty.formUnion(store.apply([event]))
            }
            for kind in ObjectKind.allCases {
                let keys = expected.snapshot.keys(of: kind).sorted()
                #expect(store.snapshot.keys(of: kind).sorted() == keys, "seed \(seed)")
                for key in keys {
                    let reference = ObjectReference(kind: kind, key: key)
                    #expect(store.snapshot[reference] == expected.snapshot[reference], "seed \(seed)")
                    #expect(dirty.objects.contains(reference), "seed \(seed)")
                }
            }
            for key in Set(expected.snapshot.endpointSlices.values.compactMap(\.serviceKey)) {
                #expect(
                    store.snapshot.sliceKeys(ofService: key) == expected.snapshot.sliceKeys(ofService: key),
                    "seed \(seed)")
                let listed = store.snapshot.slices(ofService: key)
                #expect(listed.allSatisfy { $0.serviceKey == key }, "seed \(seed)")
            }
        }
    }
}
