internal import DequeModule
internal import KubernetesModel

/// Services whose slices are to be written: each is worked on by one worker at a time, and comes back when it was asked for
/// meanwhile (the work queue of client-go).
struct ServiceQueue: Sendable {
    private var waiting: Deque<ObjectKey> = []
    private var isWaiting: Set<ObjectKey> = []
    private var working: Set<ObjectKey> = []
    private var again: Set<ObjectKey> = []

    var isEmpty: Bool { waiting.isEmpty }
    /// Waiting or worked on.
    var count: Int { waiting.count + working.count }

    mutating func add(_ service: ObjectKey) {
        if working.contains(service) {
            again.insert(service)
        } else if isWaiting.insert(service).inserted {
            waiting.append(service)
        }
    }

    mutating func next() -> ObjectKey? {
        guard let service = waiting.popFirst() else { return nil }
        isWaiting.remove(service)
        working.insert(service)
        return service
    }

    mutating func done(_ service: ObjectKey) {
        working.remove(service)
        if again.remove(service) != nil { add(service) }
    }
}
