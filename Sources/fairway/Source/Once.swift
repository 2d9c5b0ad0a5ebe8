internal import Synchronization

/// Does something at the first call.
final class Once: Sendable {
    private let isDone = Atomic(false)
    private let body: @Sendable (Engine.Progress) -> Void

    init(_ body: @escaping @Sendable (Engine.Progress) -> Void) { self.body = body }

    func callAsFunction(_ progress: Engine.Progress) {
        if !isDone.exchange(true, ordering: .relaxed) { body(progress) }
    }
}
