import EndpointSliceController
import KubernetesModel
import ObjectStore
import Synchronization
import Testing

/// A publisher with its workers running, over a scripted API whose watch a test lets speak when it wants.
struct PublisherHarness: Sendable {
    let api = ScriptedSliceAPI()
    let publisher: SlicePublisher<ScriptedSliceAPI>
    /// Pauses that were asked for; none is waited for.
    let pauses = Pauses()
    private let settled: AsyncStream<SliceNotice>
    let notices = Notices()

    final class Pauses: Sendable {
        private let state = Mutex<[Duration]>([])
        var all: [Duration] { state.withLock { $0 } }
        func add(_ pause: Duration) { state.withLock { $0.append(pause) } }
    }

    final class Notices: Sendable {
        private let state = Mutex<[SliceNotice]>([])
        var all: [SliceNotice] { state.withLock { $0 } }
        func add(_ notice: SliceNotice) { state.withLock { $0.append(notice) } }
        var failures: [String] { all.compactMap { if case .failed(let service, _, _) = $0 { "\(service.metadata.key)" } else { nil } } }
    }

    init(settings: SlicePublisherSettings = SlicePublisherSettings()) {
        let (stream, continuation) = AsyncStream<SliceNotice>.makeStream()
        settled = stream
        publisher = SlicePublisher(
            settings: settings, writer: api, pause: { [pauses] in pauses.add($0) },
            notice: { [notices] in
                notices.add($0)
                if $0 == .settled { continuation.yield($0) }
            })
    }

    /// Runs the workers while `body` does its work.
    func run(_ body: @escaping @Sendable (PublisherHarness) async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [publisher] in
                do { try await publisher.run() } catch is CancellationError {}
            }
            try await body(self)
            group.cancelAll()
        }
    }

    /// Everything that is there at the start, the API's slices included.
    func start(_ objects: [KubernetesObject]) async {
        let slices = await api.takeNews()
        let kinds = SlicePublisher<ScriptedSliceAPI>.kinds.sorted()
        await publisher.take(objects.map(StoreEvent.set) + slices + kinds.map(StoreEvent.synced))
    }

    func set(_ objects: KubernetesObject...) async { await publisher.take(objects.map(StoreEvent.set)) }

    /// The watch tells what was written since.
    func watch() async { await publisher.take(await api.takeNews()) }

    /// Waits until nothing is left to be written.
    func settle() async {
        if await publisher.isSettled { return }
        for await _ in settled where await publisher.isSettled { return }
    }

    /// Names of the pods behind the endpoints that the API has for a Service.
    func pods(_ service: String = "web") async -> [String] {
        await api.slices.values.filter { $0.serviceKey?.name == service }.flatMap(\.endpoints)
            .compactMap(\.targetRef?.name).sorted()
    }
}
