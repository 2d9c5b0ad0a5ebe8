import EndpointSliceController
import KubernetesClient
import KubernetesModel
import KubernetesWire
import NetworkTypes
import ObjectStore
import RandomTesting
import Testing

@Suite("Slices written to an API")
struct SlicePublisherTests {
    private static let node = KubernetesObject.node(Node(metadata: ObjectMeta(name: "n")))

    private static func webPod(_ number: Int, ready: Bool = true) -> KubernetesObject {
        pod("web-\(number)", "10.0.0.\(number)", node: "n", ready: ready)
    }

    @Test("nothing is written before every kind has synced")
    func waits() async throws {
        try await PublisherHarness().run { harness in
            await harness.set(service(), Self.webPod(1), Self.node)
            let isIdle = await harness.publisher.isSettled
            #expect(!isIdle)
            #expect(await harness.api.writes.isEmpty)
            await harness.start([])
            await harness.settle()
            #expect(await harness.pods() == ["web-1"])
            let slice = try #require(await harness.api.slices.values.first)
            #expect(slice.metadata.ownerReferences.map(\.name) == ["web"])
            #expect(slice.metadata.generateName == "web-")
        }
    }

    @Test("a pod that changes is one patch, and what others wrote onto the slice stays")
    func patches() async throws {
        try await PublisherHarness().run { harness in
            await harness.start([service(), Self.webPod(1), Self.node])
            await harness.settle()
            await harness.watch()
            var slice = try #require(await harness.api.slices.values.first)
            slice.metadata.annotations["fairway.dev/of-others"] = "kept"
            await harness.api.put(slice)
            await harness.watch()
            await harness.set(Self.webPod(2))
            await harness.settle()
            #expect(await harness.pods() == ["web-1", "web-2"])
            #expect(await harness.api.writes == ["create \(slice.metadata.name)", "patch \(slice.metadata.name)"])
            let after = try #require(await harness.api.slices[slice.metadata.key])
            #expect(after.metadata.annotations["fairway.dev/of-others"] == "kept")
        }
    }

    @Test("late news of a slice, older than what was written, changes nothing")
    func staleNews() async throws {
        try await PublisherHarness().run { harness in
            await harness.start([service(), Self.webPod(1), Self.node])
            await harness.settle()
            let old = await harness.api.takeNews()
            await harness.set(Self.webPod(2))
            await harness.settle()
            let writes = await harness.api.writes
            await harness.publisher.take(old)
            await harness.settle()
            #expect(await harness.api.writes == writes)
            await harness.watch()
            await harness.settle()
            #expect(await harness.api.writes == writes)
            #expect(await harness.pods() == ["web-1", "web-2"])
        }
    }

    @Test("a pod that changes while a slice is on its way, or behind a conflict, gives its time to the slice", arguments: [false, true])
    func triggerTime(conflicts: Bool) async throws {
        let time = Timestamp(seconds: 1_770_000_000)
        let late = pod("web-2", "10.0.0.2", node: "n", transition: time.seconds)
        try await PublisherHarness().run { harness in
            await harness.start([service(), Self.webPod(1), Self.node])
            if conflicts {
                await harness.settle()
                var slice = try #require(await harness.api.slices.values.first)
                slice.endpoints = []
                await harness.api.put(slice)
                await harness.set(late)
            } else {
                await harness.api.duringNextWrite { await harness.set(late) }
            }
            await harness.settle()
            #expect(await harness.pods() == ["web-1", "web-2"])
            let slice = try #require(await harness.api.slices.values.first)
            #expect(slice.metadata.annotations[AnnotationKey.lastChangeTriggerTime] == time.description)
        }
    }

    @Test("a conflict is read again and decided anew")
    func conflict() async throws {
        try await PublisherHarness().run { harness in
            await harness.start([service(), Self.webPod(1), Self.node])
            await harness.settle()
            await harness.watch()
            var slice = try #require(await harness.api.slices.values.first)
            slice.endpoints = []
            // The watch has not told of this when the next pod comes.
            await harness.api.put(slice)
            await harness.set(Self.webPod(2))
            await harness.settle()
            #expect(await harness.pods() == ["web-1", "web-2"])
            #expect(harness.notices.failures == ["default/web"])
        }
    }

    @Test("a slice whose name is taken by somebody else is made under another one")
    func nameTaken() async throws {
        try await PublisherHarness().run { harness in
            await harness.start([service(), Self.webPod(1), Self.node])
            await harness.settle()
            let mine = try #require(await harness.api.slices.values.first)
            // Gone, and made anew by another controller under the same name, before the watch told of either.
            await harness.api.remove(mine.metadata.key)
            var other = mine
            other.metadata.labels[LabelKey.managedBy] = "somebody"
            other.metadata.uid = "other"
            await harness.api.put(other)
            await harness.watch()
            await harness.settle()
            let kept = await harness.api.slices[mine.metadata.key]
            #expect(kept?.metadata.uid == "other")
            let made = await harness.api.slices.values.filter { $0.metadata.uid != "other" }
            #expect(made.flatMap(\.endpoints).compactMap(\.targetRef?.name) == ["web-1"])
        }
    }

    @Test("a write that fails is tried again, each time later")
    func retries() async throws {
        try await PublisherHarness().run { harness in
            await harness.api.fail(.status(APIStatus(code: 500)), .unreachable, .status(APIStatus(code: 429)))
            await harness.start([service(), Self.webPod(1), Self.node])
            await harness.settle()
            #expect(await harness.pods() == ["web-1"])
            #expect(harness.pauses.all == [.seconds(1), .seconds(2), .seconds(4)])
        }
    }

    @Test("in a namespace that is gone nothing is written, and nothing is tried for ever")
    func namespaceGone() async throws {
        try await PublisherHarness().run { harness in
            await harness.api.fail(.status(APIStatus(code: 404, reason: "NotFound", message: "namespaces \"default\"")))
            await harness.start([service(), Self.webPod(1), Self.node])
            await harness.settle()
            #expect(await harness.api.writes.isEmpty)
            #expect(harness.notices.failures.isEmpty)
        }
    }

    @Test("a slice too many of its own is deleted, one of another manager is not")
    func deletes() async throws {
        try await PublisherHarness().run { harness in
            for (name, manager) in [("web-a", SliceManager.controller), ("web-b", SliceManager.controller), ("web-c", "other")] {
                await harness.api.put(
                    EndpointSlice(
                        metadata: ObjectMeta(
                            name: name, namespace: "default",
                            labels: [LabelKey.serviceName: "web", LabelKey.managedBy: manager]),
                        addressType: .ipv4, ports: [EndpointPort(name: "", port: 80)],
                        endpoints: [Endpoint(addresses: [IPAddress(v4: 0x0A00_0009)])]))
            }
            await harness.start([service(), Self.webPod(1), Self.node])
            await harness.settle()
            let names = await harness.api.slices.keys.map(\.name).sorted()
            #expect(names.count == 2)
            #expect(names.contains("web-c"))
            #expect(await harness.pods() == ["web-1"])
        }
    }

    @Test("whatever fails and however late the watch is, the API ends with the slices that are wanted", arguments: 1...12)
    func endsRight(seed: UInt64) async throws {
        try await PublisherHarness().run { harness in
            var random = SplitMix64(seed: seed)
            await harness.start([Self.node, service()])
            for _ in 0..<60 {
                let number = Int.random(in: 1...9, using: &random)
                switch Int.random(in: 0..<10, using: &random) {
                case 0...4: await harness.set(Self.webPod(number, ready: Bool.random(using: &random)))
                case 5, 6:
                    await harness.publisher.take([
                        .delete(ObjectReference(kind: .pod, key: ObjectKey(namespace: "default", name: "web-\(number)")))
                    ])
                case 7: await harness.watch()
                case 8: await harness.api.fail(.unreachable)
                default:
                    if var slice = await harness.api.slices.values.first {
                        slice.endpoints = Array(slice.endpoints.dropFirst())
                        await harness.api.put(slice)
                    }
                }
            }
            await harness.settle()
            await harness.watch()
            await harness.settle()
            let wanted = await harness.publisher.snapshot.pods.values.map(\.metadata.name).sorted()
            #expect(await harness.pods() == wanted, "seed \(seed)")
            let held = await harness.publisher.snapshot.endpointSlices.values.filter { !$0.metadata.uid.isEmpty }
            #expect(Set(held) == Set(await harness.api.slices.values), "seed \(seed)")
        }
    }
}
