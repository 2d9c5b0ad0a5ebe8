import Foundation
import KubernetesClient
import KubernetesModel
import KubernetesWire
import RandomTesting
import Synchronization
import Testing

@Suite struct EventRecorderTests {
    /// Takes events, and refuses when told to.
    final class EventWriter: ObjectWriting {
        enum Request: Sendable, Hashable {
            case create(APIEvent)
            case patch(name: String, count: Int32)
        }

        struct Unreachable: Error {}
        struct State {
            var requests: [Request] = []
            /// One for each request from now on; then all are taken.
            var refusals: [(any Error)?] = []
        }

        private let state = Mutex(State())
        private let asked = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))

        var requests: [Request] { state.withLock { $0.requests } }
        func refuse(_ refusals: [(any Error)?]) { state.withLock { $0.refusals = refusals } }

        func wait(requests count: Int) async {
            if requests.count >= count { return }
            for await _ in asked.stream where requests.count >= count { return }
        }

        private func take(_ request: Request) throws {
            let refusal = state.withLock { state in
                state.requests.append(request)
                return state.refusals.isEmpty ? nil : state.refusals.removeFirst()
            }
            asked.continuation.yield()
            if let refusal { throw refusal }
        }

        func get<Object: Decodable & Sendable>(
            _ type: Object.Type, _ resource: APIResource, _ key: ObjectKey
        ) async throws -> Object { throw Unreachable() }

        func create<Object: Codable & Sendable>(
            _ object: Object, _ resource: APIResource, namespace: String
        ) async throws -> Object {
            guard let event = object as? APIEvent, event.metadata.namespace == namespace, resource == .events else {
                throw Unreachable()
            }
            try take(.create(event))
            return object
        }

        func update<Object: Codable & Sendable>(
            _ object: Object, _ resource: APIResource, _ key: ObjectKey
        ) async throws -> Object { throw Unreachable() }

        func patch<Object: Decodable & Sendable>(
            _ type: Object.Type, _ resource: APIResource, _ key: ObjectKey, mergePatch: [UInt8]
        ) async throws -> Object {
            let patch = try JSONDecoder().decode([String: APIEvent.Series].self, from: Data(mergePatch))
            try take(.patch(name: key.name, count: patch["series"]?.count ?? 0))
            let event = APIEvent(
                metadata: ObjectMeta(name: key.name, namespace: key.namespace), eventTime: Timestamp(seconds: 0),
                reportingController: "", reportingInstance: "", action: "", reason: "",
                regarding: APIEvent.Regarding(), note: "")
            guard let event = event as? Object else { throw Unreachable() }
            return event
        }

        func delete(_ resource: APIResource, _ key: ObjectKey, uid: String, resourceVersion: String) async throws {}
    }

    static let web = ObjectReference(kind: .service, key: ObjectKey(namespace: "shop", name: "web"))
    static let node = ObjectReference(kind: .node, key: ObjectKey(namespace: "", name: "node-1"))

    struct Recording {
        var writer = EventWriter()
        var clock = ManualClock()
        var recorder: EventRecorder<EventWriter>

        init() {
            let clock = clock
            recorder = EventRecorder(
                controller: "kube-proxy", instance: "kube-proxy-node-1", writer: writer, clock: clock,
                wallClock: { Timestamp(seconds: 1_700_000_000 + clock.now.offset.components.seconds) },
                random: SplitMix64(seed: 1))
        }

        func record(_ reference: ObjectReference = EventRecorderTests.web, reason: String = "Failed", note: String = "no") {
            recorder.record(
                regarding: reference, uid: "u", type: .warning, reason: reason, action: "Sync", note: note)
        }

        /// Runs the recorder while the body does.
        func running(_ body: (Recording) async -> Void) async {
            let recorder = recorder
            let task = Task { try await recorder.run() }
            await body(self)
            task.cancel()
            _ = await task.result
        }
    }

    @Test("an event has what kube-proxy's have; about a Node it is in the namespace default", .timeLimit(.minutes(1)))
    func created() async {
        let it = Recording()
        await it.running {
            $0.recorder.record(
                regarding: Self.node, uid: "node-1", reason: "Starting", action: "StartKubeProxy", note: "")
            await $0.writer.wait(requests: 1)
        }
        let event = APIEvent(
            metadata: ObjectMeta(
                name: "node-1." + String(1_700_000_000_000_000_000 as Int64, radix: 16), namespace: "default"),
            eventTime: Timestamp(seconds: 1_700_000_000), reportingController: "kube-proxy",
            reportingInstance: "kube-proxy-node-1", action: "StartKubeProxy", reason: "Starting",
            regarding: APIEvent.Regarding(apiVersion: "v1", kind: "Node", name: "node-1", uid: "node-1"), note: "",
            type: .normal)
        #expect(it.writer.requests == [.create(event)])
    }

    @Test("equal events become a series of the first, whatever their notes; six minutes later a new one begins",
        .timeLimit(.minutes(1)))
    func series() async {
        let it = Recording()
        await it.running {
            $0.record()
            await $0.writer.wait(requests: 1)
            $0.record(note: "still no")
            await $0.writer.wait(requests: 2)
            $0.clock.advance(by: .seconds(359))
            $0.record()
            await $0.writer.wait(requests: 3)
            $0.record(reason: "Other")
            await $0.writer.wait(requests: 4)
            $0.clock.advance(by: .seconds(361))
            $0.record()
            await $0.writer.wait(requests: 5)
        }
        let kinds = it.writer.requests.map { if case .patch(_, let count) = $0 { Int(count) } else { 0 } }
        #expect(kinds == [0, 2, 3, 0, 0])
    }

    @Test("equal events that wait are written as one with their count", .timeLimit(.minutes(1)))
    func waiting() async {
        let it = Recording()
        for _ in 0..<3 { it.record() }
        await it.running { await $0.writer.wait(requests: 1) }
        guard case .create(let event) = it.writer.requests.first else { return #expect(Bool(false)) }
        #expect(event.series?.count == 3)
    }

    @Test("an object has 25 events at once, then one in five minutes; others have theirs", .timeLimit(.minutes(1)))
    func rate() async {
        let it = Recording()
        await it.running {
            for number in 0..<30 { $0.record(reason: "Reason\(number)") }
            await $0.writer.wait(requests: 25)
            #expect($0.recorder.counts.limited == 5)
            $0.record(Self.node)
            await $0.writer.wait(requests: 26)
            $0.clock.advance(by: .seconds(300))
            $0.record(reason: "Reason40")
            $0.record(reason: "Reason41")
            await $0.writer.wait(requests: 27)
        }
        #expect(it.writer.requests.count == 27)
        #expect(it.recorder.counts.limited == 6)
    }

    @Test("past the limit of those that wait events are dropped, and counted")
    func limit() {
        let it = Recording()
        for number in 0..<1010 {
            it.record(ObjectReference(kind: .service, key: ObjectKey(namespace: "shop", name: "web-\(number)")))
        }
        #expect(it.recorder.counts.dropped == 10)
        #expect(it.recorder.counts.recorded == 1010)
    }

    @Test("a server that cannot be reached is asked again; one that refuses is not", .timeLimit(.minutes(1)))
    func refusals() async {
        let it = Recording()
        it.writer.refuse([EventWriter.Unreachable(), APIStatus(code: 503), nil, APIStatus(code: 403), nil])
        await it.running {
            $0.record()
            await $0.clock.advanceToNext()
            await $0.clock.advanceToNext()
            await $0.writer.wait(requests: 3)
            $0.record(reason: "Other")
            await $0.writer.wait(requests: 4)
            $0.record(reason: "Third")
            await $0.writer.wait(requests: 5)
        }
        #expect(it.writer.requests.count == 5)
        #expect(it.recorder.counts.failed == 1)
    }

    @Test("an event that the server forgot is posted anew, with its count", .timeLimit(.minutes(1)))
    func forgotten() async {
        let it = Recording()
        it.writer.refuse([nil, APIStatus(code: 404, reason: "NotFound"), nil])
        await it.running {
            $0.record()
            await $0.writer.wait(requests: 1)
            $0.record()
            await $0.writer.wait(requests: 3)
        }
        guard case .create(let event) = it.writer.requests.last else { return #expect(Bool(false)) }
        #expect(event.series?.count == 2)
    }

    @Test("long texts are cut where the API server would refuse them", .timeLimit(.minutes(1)))
    func longTexts() async {
        let it = Recording()
        await it.running {
            $0.record(
                ObjectReference(
                    kind: .service, key: ObjectKey(namespace: "shop", name: String(repeating: "n", count: 253))),
                reason: String(repeating: "r", count: 200), note: String(repeating: "é", count: 2000))
            await $0.writer.wait(requests: 1)
        }
        guard case .create(let event) = it.writer.requests.first else { return #expect(Bool(false)) }
        #expect(event.note.utf8.count == 1024)
        #expect(event.reason.utf8.count == 128)
        #expect(event.metadata.name.utf8.count == 253)
    }
}
