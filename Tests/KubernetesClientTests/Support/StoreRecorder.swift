import KubernetesClient
import KubernetesModel
import KubernetesWire
import ObjectStore
import Synchronization

/// Takes what a reflector tells into a store, and keeps it.
final class StoreRecorder: Sendable {
    struct State {
        var store = ObjectStore(expecting: [.namespace])
        var told: [StoreEvent] = []
        var notices: [ReflectorNotice] = []
    }

    let state = Mutex(State())
    private let applied = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))

    var told: [StoreEvent] { state.withLock { $0.told } }
    var notices: [ReflectorNotice] { state.withLock { $0.notices } }

    func deliver(_ events: [StoreEvent]) {
        state.withLock {
            _ = $0.store.apply(events)
            $0.told += events
        }
        applied.continuation.yield()
    }

    func note(_ notice: ReflectorNotice) { state.withLock { $0.notices.append(notice) } }

    /// Returns when the store is as wanted, looking after each delivery.
    func wait(until holds: (ObjectStore) -> Bool) async {
        if state.withLock({ holds($0.store) }) { return }
        for await _ in applied.stream where state.withLock({ holds($0.store) }) { return }
    }

    /// Returns when this was told.
    func told(_ event: StoreEvent) async {
        if told.contains(event) { return }
        for await _ in applied.stream where told.contains(event) { return }
    }
}
