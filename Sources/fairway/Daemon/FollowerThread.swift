internal import Dispatch
internal import LinuxSystem
internal import ObjectStore
internal import ServiceLifecycle
internal import Synchronization

/// Brings steps of the objects to a follower on a thread of its own, so that whoever tells of them waits for nothing.
///
/// Making the names of a large cluster takes seconds, and Services are not to stand still meanwhile. Steps arrive in their
/// order, one at a time. What comes while the follower is at work is one step when it is done: one waits at most, with
/// an entry for each object that changed.
final class FollowerThread: ServiceLifecycle.Service, Sendable {
    /// Gets a step, and when the oldest change in it was told.
    typealias Follower = @Sendable (ClusterSnapshot, DirtyKeys, SourceStates, _ since: ContinuousClock.Instant) -> Void

    private struct Step {
        var snapshot: ClusterSnapshot
        var dirty: DirtyKeys
        var sources: SourceStates
        let since: ContinuousClock.Instant
    }

    private struct State {
        var waiting: Step?
        var isEnding = false
    }

    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)
    private let name: String
    private let follower: Follower

    /// - Parameters:
    ///   - name: the thread's (15 bytes), for ps and top.
    ///   - follower: called while this runs, and a last time at its end when a step is left.
    init(named name: String, _ follower: @escaping Follower) {
        self.name = name
        self.follower = follower
    }

    /// A step, as a ``ClusterFollower`` gets it. O(what changed).
    func follow(_ snapshot: ClusterSnapshot, _ dirty: DirtyKeys, _ sources: SourceStates) {
        let isFirst = state.withLock { state in
            guard state.waiting != nil else {
                state.waiting = Step(snapshot: snapshot, dirty: dirty, sources: sources, since: .now)
                return true
            }
            state.waiting?.dirty.formUnion(dirty)
            state.waiting?.snapshot = snapshot
            state.waiting?.sources = sources
            return false
        }
        if isFirst { wake.signal() }
    }

    func run() async throws {
        try await withTaskCancellationOrGracefulShutdownHandler {
            try await DedicatedThread.run(named: name) { self.work() }
        } onCancelOrGracefulShutdown: {
            self.state.withLock { $0.isEnding = true }
            self.wake.signal()
        }
    }

    private func work() {
        var isEnding = false
        while !isEnding {
            wake.wait()
            let step = state.withLock { state in
                defer { state.waiting = nil }
                isEnding = state.isEnding
                return state.waiting
            }
            if let step { follower(step.snapshot, step.dirty, step.sources, step.since) }
        }
    }
}
