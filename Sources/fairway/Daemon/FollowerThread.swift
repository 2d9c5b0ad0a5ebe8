internal import NIOCore
internal import NIOPosix
internal import ObjectStore
internal import ServiceLifecycle
internal import Synchronization

/// Brings steps of the objects to a follower on a thread of its own, so that whoever tells of them waits for nothing.
///
/// Making the names of a large cluster takes seconds, and Services are not to stand still meanwhile. Steps arrive in their
/// order, one at a time. What comes while the follower is at work is one step when it is done: one waits at most, with
/// an entry for each object that changed.
final class FollowerThread: ServiceLifecycle.Service, Sendable {
    private struct Step {
        var snapshot: ClusterSnapshot
        var dirty: DirtyKeys
        var sources: SourceStates
    }

    private let waiting = Mutex<Step?>(nil)
    private let wake = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    private let follower: ClusterFollower

    /// - Parameter follower: called while this runs, and a last time at its end when a step is left.
    init(_ follower: @escaping ClusterFollower) { self.follower = follower }

    /// A step, as a ``ClusterFollower`` gets it. O(what changed).
    func follow(_ snapshot: ClusterSnapshot, _ dirty: DirtyKeys, _ sources: SourceStates) {
        waiting.withLock { step in
            guard step != nil else {
                step = Step(snapshot: snapshot, dirty: dirty, sources: sources)
                return
            }
            step?.dirty.formUnion(dirty)
            step?.snapshot = snapshot
            step?.sources = sources
        }
        wake.continuation.yield()
    }

    func run() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        await withTaskCancellationOrGracefulShutdownHandler {
            for await _ in wake.stream { try? await loop.submit { self.handOn() }.get() }
        } onCancelOrGracefulShutdown: {
            self.wake.continuation.finish()
        }
        try? await loop.submit { self.handOn() }.get()
        try? await group.shutdownGracefully()
    }

    private func handOn() {
        let step = waiting.withLock { step in
            defer { step = nil }
            return step
        }
        if let step { follower(step.snapshot, step.dirty, step.sources) }
    }
}
