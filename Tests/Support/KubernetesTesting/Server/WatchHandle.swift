internal import NIOCore
internal import Synchronization

/// A watch under way, as others reach it.
final class WatchHandle: Sendable {
    let type: ResourceType
    private let watch: NIOLoopBound<WatchStream>
    private let eventLoop: any EventLoop
    /// Many changes, one wake.
    private let isWoken = Atomic(false)

    init(type: ResourceType, _ watch: NIOLoopBound<WatchStream>, _ eventLoop: any EventLoop) {
        self.type = type
        self.watch = watch
        self.eventLoop = eventLoop
    }

    func wake() {
        guard !isWoken.exchange(true, ordering: .acquiringAndReleasing) else { return }
        eventLoop.execute {
            self.isWoken.store(false, ordering: .releasing)
            self.watch.value.pump()
        }
    }

    func disturb(_ fault: Fault) {
        eventLoop.execute { self.watch.value.disturb(fault) }
    }
}
