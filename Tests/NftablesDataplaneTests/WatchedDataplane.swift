import Dataplane
import Dispatch
import LinuxSystem
import Netlink
import NetworkNamespaceTesting
import NetworkTypes
import ServiceTable
import Synchronization

@testable import NftablesDataplane

/// A dataplane that works for a runner, and the watch beside it, each on a thread in one namespace.
final class WatchedDataplane: Sendable {
    typealias Demand = ForeignChangeDetector.Demand

    private let log = WatchLog()
    private let runner: DataplaneRunner

    var demands: [Demand] { log.demands.withLock { $0 } }
    var outcomes: [DataplaneRunner.Outcome] { log.outcomes.withLock { $0 } }
    var failures: [String] {
        outcomes.compactMap { if case .failure(let error) = $0.result { "\(error)" } else { nil } }
    }

    private init() {
        let log = log
        runner = DataplaneRunner { outcome in
            log.outcomes.withLock { $0.append(outcome) }
            log.outcomeCame.signal()
        }
    }

    /// Runs `body` on a thread in the namespace while dataplane and watch work there.
    static func with<T: Sendable>(
        in namespace: TestNamespace, hidesOwn: Bool = true, queueBytes: Int = NetlinkLimits.monitorQueueBytes,
        _ body: @escaping @Sendable (WatchedDataplane) throws -> T
    ) async throws -> T {
        let made = WatchedDataplane()
        let stop = try NetlinkStop()
        let watch = TableWatch(stop: stop, hidesOwn: hidesOwn, queueBytes: queueBytes) { demand in
            made.log.demands.withLock { $0.append(demand) }
            if let time = demand.compareAt { made.runner.requestFull(demand.families, demand.reason, at: time) }
        }
        return try await namespace.inside {
            let held = HeldDataplane(try NftablesDataplane(watch: watch))
            let portID = held.portID
            let watching = DispatchSemaphore(value: 0)
            let watcher = try DedicatedThread(named: "watch") {
                try? watch.run(ownPortID: portID) { watching.signal() }
                watching.signal()
            }
            watching.wait()
            let worker = try DedicatedThread(named: "dataplane") { made.work(held) }
            let result = Result { try body(made) }
            made.runner.stop()
            stop.signal()
            worker.join()
            watcher.join()
            return try result.get()
        }
    }

    private func work(_ held: HeldDataplane) {
        if let dataplane = held.take() { runner.run(dataplane) }
    }

    /// Hands the table over and waits until both families hold it.
    func synchronize(_ table: ServiceTable, from old: ServiceTable = ServiceTable()) throws {
        let before = outcomes.count
        runner.submit(table.changes(from: old))
        try waitForOutcomes(before + IPFamily.allCases.count)
    }

    /// Compares both families, and waits for it.
    func compare() throws {
        let before = outcomes.count
        runner.requestFull(Set(IPFamily.allCases), .periodic)
        try waitForOutcomes(before + IPFamily.allCases.count)
    }

    private func waitForOutcomes(_ count: Int) throws {
        while outcomes.count < count {
            guard log.outcomeCame.wait(timeout: .now() + 60) == .success else {
                throw TestSupportError("no synchronisation ends")
            }
        }
    }

    /// Has `change` made, and waits for the comparison that it leads to.
    func awaitComparison(after change: () throws -> Void) throws {
        let before = outcomes.count
        try change()
        try waitForOutcomes(before + 1)
    }

    /// Runs nft in the calling thread's namespace.
    static func nft(_ script: String) throws {
        guard let path = toolPath("nft") else { throw TestSupportError("no nft") }
        let output = try ProcessRequest(path: path, arguments: ["-f", "-"])
            .collectOutput(input: Array(script.utf8), timeout: .seconds(30))
        guard output.status.isSuccess else { throw TestSupportError("\(script): \(output)") }
    }

    /// Has `change` made, then reads the family's table after each commit of anybody until it is as it should be.
    ///
    /// - Returns: once it is. The time limit of the test ends the wait else.
    static func awaitRepair(of table: ServiceTable, _ family: IPFamily, after change: () throws -> Void) throws {
        var monitor = try NftablesMonitor(stop: NetlinkStop())
        let socket = try NftablesSocket()
        let executor = NftablesExecutor(family: NftablesFamily(family))
        try change()
        while true {
            let kernel = try executor.read(from: socket)
            if NftablesPlanner.fullPlan(family: NftablesFamily(family), kernel: kernel, table: table).plan.isEmpty { return }
            guard try monitor.next() != nil else { return }
        }
    }
}

/// What was asked for and what was done.
private final class WatchLog: Sendable {
    let demands = Mutex<[ForeignChangeDetector.Demand]>([])
    let outcomes = Mutex<[DataplaneRunner.Outcome]>([])
    let outcomeCame = DispatchSemaphore(value: 0)
}

/// Carries a dataplane to its thread.
private final class HeldDataplane: Sendable {
    let portID: UInt32
    private let dataplane: Mutex<NftablesDataplane?>

    init(_ dataplane: consuming NftablesDataplane) {
        portID = dataplane.portID
        self.dataplane = Mutex(dataplane)
    }

    func take() -> NftablesDataplane? {
        dataplane.withLock { $0.take() }
    }
}
