internal import BPF
internal import CBPFMaps
internal import Dataplane
internal import Dispatch
internal import LinuxSystem
internal import Synchronization

/// The thread that has the kernel forget what is over: idle connections, backends that are drained, entries that no
/// packet reads any more.
final class Maintenance: Sendable {
    /// Timeouts are in seconds: so often they are looked at.
    private static let period = Duration.seconds(1)

    private let isStopping = Atomic<Bool>(false)
    private let waking = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)

    /// Starts it in the network namespace of the calling thread. It holds the engine until it is stopped.
    init(_ engine: BPFEngine) throws {
        _ = try attempting("start the maintenance thread") { () throws(Errno) in
            try DedicatedThread(named: "maintenance") { [self] in
                defer { ended.signal() }
                run(engine)
            }
        }
    }

    func wake() { waking.signal() }

    /// Ends the thread, and returns once it has.
    func stop() {
        isStopping.store(true, ordering: .sequentiallyConsistent)
        waking.signal()
        ended.wait()
        ended.signal()
    }

    private func run(_ engine: BPFEngine) {
        var work = MaintenanceWork(engine)
        var nextSweep = ContinuousClock.now
        while !isStopping.load(ordering: .sequentiallyConsistent) {
            let isDue = ContinuousClock.now >= nextSweep
            if isDue { nextSweep = ContinuousClock.now + Self.period }
            work.perform(sweeping: isDue)
            waking.wait(for: max(ContinuousClock.now.duration(to: nextSweep), .zero))
        }
    }
}

/// What the thread does each time.
struct MaintenanceWork {
    private let engine: BPFEngine
    private var retirement: Retirement
    private let start = ContinuousClock.now
    /// Told once, until something works again.
    private var lastFailure = ""

    init(_ engine: BPFEngine) {
        self.engine = engine
        retirement = Retirement(grace: engine.options.drainGrace)
    }

    mutating func perform(sweeping: Bool) {
        do {
            try engine.reclaim()
            if sweeping { try sweep() }
            try retire()
            lastFailure = ""
        } catch {
            let text = "\(error)"
            if text != lastFailure { engine.notify(.warning("maintenance of the kernel's tables: \(text)")) }
            lastFailure = text
        }
    }

    /// Ends what is idle for too long; when the table is nearly full, what is idle longest.
    private func sweep() throws {
        var sweep = fw_sweep()
        try engine.run(&sweep)
        // SAFETY: the fields are arrays of 64-bit numbers in C, copied inside the closures.
        let others = unsafe withUnsafeBytes(of: sweep.ages) { unsafe Array($0.bindMemory(to: UInt64.self)) }
        let established = unsafe withUnsafeBytes(of: sweep.established) { unsafe Array($0.bindMemory(to: UInt64.self)) }
        let limit = engine.state.maps.connections.shape.maxEntries
        for step in Eviction.steps(others: others, established: established, maxEntries: limit) {
            try evict(step, now: sweep.now)
        }
    }

    private func evict(_ step: Eviction.Step, now: UInt64) throws {
        let idle = step.idleMilliseconds * 1_000_000
        var eviction = fw_sweep()
        eviction.older_than = now > idle ? now - idle : 1
        eviction.most = step.count
        eviction.spares = step.sparesEstablished ? 1 : 0
        try engine.run(&eviction)
        let kind = step.sparesEstablished ? "" : "established "
        engine.notify(
            .warning(
                "the connection table is nearly full: \(eviction.ended) \(kind)connections given up that were idle for "
                    + "\(step.idleMilliseconds) ms or longer"))
    }

    private mutating func retire() throws {
        let draining = engine.services.withLock { $0.planner.draining }
        if draining.isEmpty { return }
        let maps = engine.services.withLock { $0.maps }
        let due = retirement.due(draining, now: ContinuousClock.now - start) { id in
            (try? maps.maps.loads.lookup(id))?.map(\.connections) ?? 0
        }
        if due.isEmpty { return }
        // What they still have ends with their entries.
        try engine.retire(due.map(\.id))
        try engine.reclaim()
    }
}
