import KubernetesClient
import KubernetesModel
import KubernetesWire
import RandomTesting
import Synchronization
import Testing

/// Candidates that run, on a clock that the test moves.
@Suite struct LeaderElectionTests {
    /// What happened, in order.
    final class Journal: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func write(_ line: String) { lines.withLock { $0.append(line) } }
    }

    static func candidate(
        _ name: String, _ writer: LeaseWriter, _ clock: ManualClock, _ journal: Journal,
        work: (@Sendable () async -> Void)? = nil
    ) -> Task<Void, any Error> {
        let election = LeaderElection(
            lease: LeaderElectorTests.key, identity: name, writer: writer, clock: clock,
            wallClock: { Timestamp(seconds: 1_700_000_000 + clock.now.offset.components.seconds) },
            random: SplitMix64(seed: 1),
            onStartedLeading: {
                journal.write("\(name) starts")
                if let work { await work() } else { await untilCancelled() }
                journal.write("\(name) ends")
            },
            onStoppedLeading: { journal.write("\(name) stopped") })
        return Task { try await election.run() }
    }

    /// Moves the clock on from deadline to deadline until it is so. Waits before each step until every candidate sleeps
    /// between two attempts, but for those whose requests hang.
    static func pass(_ clock: ManualClock, idle: Int, hanging: Int = 0, until isSo: () -> Bool) async {
        while !isSo() {
            await Task.yield()
            let waits = clock.deadlines.map { $0 - clock.now.offset }
            let idling = waits.filter { $0 <= .milliseconds(4400) }.count
            guard waits.count >= idle + hanging, idling >= idle, let first = waits.first else { continue }
            clock.advance(by: first)
        }
    }

    @Test("of two one leads; when it ends the other follows at its next attempt", .timeLimit(.minutes(1)))
    func handsOver() async {
        let (lease, clock, journal) = (SharedLease(), ManualClock(), Journal())
        let first = Self.candidate("a", LeaseWriter(lease), clock, journal)
        await Self.pass(clock, idle: 1) { journal.all == ["a starts"] }
        let second = Self.candidate("b", LeaseWriter(lease), clock, journal)
        await Self.pass(clock, idle: 2) { clock.now.offset > .seconds(60) }
        #expect(journal.all == ["a starts"])
        #expect(lease.lease?.leaseTransitions == 0)
        first.cancel()
        _ = await first.result
        #expect(journal.all == ["a starts", "a ends", "a stopped"])
        #expect(lease.lease?.holderIdentity == "")
        let before = clock.now.offset
        await Self.pass(clock, idle: 1) { journal.all.last == "b starts" }
        // Twice: the clock may pass the attempt that is under way.
        #expect(clock.now.offset - before <= .milliseconds(8800))
        #expect(lease.lease?.holderIdentity == "b")
        #expect(lease.lease?.leaseTransitions == 1)
        second.cancel()
        _ = await second.result
    }

    @Test("a leader that is cut off stops before another begins", .timeLimit(.minutes(1)))
    func partition() async {
        let (lease, clock, journal) = (SharedLease(), ManualClock(), Journal())
        let cutOff = LeaseWriter(lease)
        let first = Self.candidate("a", cutOff, clock, journal)
        await Self.pass(clock, idle: 1) { journal.all == ["a starts"] }
        let second = Self.candidate("b", LeaseWriter(lease), clock, journal)
        await Self.pass(clock, idle: 2) { clock.now.offset > .seconds(10) }
        cutOff.partition()
        await Self.pass(clock, idle: 1, hanging: 1) { journal.all.contains("b starts") }
        #expect(journal.all == ["a starts", "a ends", "a stopped", "b starts"])
        #expect(lease.lease?.holderIdentity == "b")
        #expect(lease.lease?.leaseTransitions == 1)
        for task in [first, second] {
            task.cancel()
            _ = await task.result
        }
    }

    @Test("work that ends by itself lets the lease go", .timeLimit(.minutes(1)))
    func workEnds() async throws {
        let (lease, clock, journal) = (SharedLease(), ManualClock(), Journal())
        let task = Self.candidate("a", LeaseWriter(lease), clock, journal, work: {})
        try await task.value
        #expect(journal.all == ["a starts", "a ends", "a stopped"])
        #expect(lease.lease?.holderIdentity == "")
    }

    @Test("each new leader is told once, also to those who do not lead", .timeLimit(.minutes(1)))
    func newLeaders() async {
        let (lease, clock, journal) = (SharedLease(), ManualClock(), Journal())
        let first = Self.candidate("a", LeaseWriter(lease), clock, journal)
        await Self.pass(clock, idle: 1) { journal.all == ["a starts"] }
        let told = Journal()
        let watcher = LeaderElection(
            lease: LeaderElectorTests.key, identity: "b", writer: LeaseWriter(lease), clock: clock,
            wallClock: { Timestamp(seconds: 1_700_000_000) }, random: SplitMix64(seed: 2), onStartedLeading: {},
            onNewLeader: { told.write($0) })
        let second = Task { try await watcher.run() }
        await Self.pass(clock, idle: 2) { told.all == ["a"] && clock.now.offset > .seconds(20) }
        #expect(told.all == ["a"])
        first.cancel()
        _ = await first.result
        await Self.pass(clock, idle: 1) { told.all.contains("b") }
        _ = await second.result
        #expect(told.all.first == "a" && told.all.contains("b"))
    }

    /// Two that begin together: both find no lease, and the server takes one.
    @Test("who is second to make the lease is told so, and that is no failure", .timeLimit(.minutes(1)))
    func secondToCreate() async {
        let (lease, clock) = (SharedLease(), ManualClock())
        let told = Mutex<[LeaderElectionNotice]>([])
        // What the other made is not seen before it is made once more.
        let writer = LeaseWriter(lease, findsNone: 1)
        let first = Self.candidate("a", LeaseWriter(lease), clock, Journal())
        await Self.pass(clock, idle: 1) { lease.lease?.holderIdentity == "a" }
        let election = LeaderElection(
            lease: LeaderElectorTests.key, identity: "b", writer: writer, clock: clock,
            wallClock: { Timestamp(seconds: 1_700_000_000) }, random: SplitMix64(seed: 2), onStartedLeading: {},
            notice: { notice in told.withLock { $0.append(notice) } })
        let second = Task { try await election.run() }
        await Self.pass(clock, idle: 2) { told.withLock { $0.contains(.forestalled) } && clock.now.offset > .seconds(20) }
        for task in [first, second] {
            task.cancel()
            _ = await task.result
        }
        #expect(told.withLock { $0 } == [.answered, .forestalled])
        #expect(lease.lease?.leaseTransitions == 0)
    }

    @Test(
        "failures are counted, and whether they are the server's", .timeLimit(.minutes(1)),
        arguments: [(500, true), (429, true), (401, true), (403, false)])
    func failures(_ code: Int, _ concernsServer: Bool) async {
        let (lease, clock) = (SharedLease(), ManualClock())
        let told = Mutex<[LeaderElectionNotice]>([])
        let refusal = APIStatus(code: code)
        let election = LeaderElection(
            lease: LeaderElectorTests.key, identity: "a", writer: LeaseWriter(lease, refuses: [refusal, refusal]),
            clock: clock, wallClock: { Timestamp(seconds: 1_700_000_000) }, random: SplitMix64(seed: 2),
            onStartedLeading: {}, notice: { notice in told.withLock { $0.append(notice) } })
        let task = Task { try await election.run() }
        await Self.pass(clock, idle: 1) { told.withLock { $0.contains(.answered) } }
        _ = await task.result
        let failures = (1...2).map {
            LeaderElectionNotice.failed("\(refusal)", inARow: $0, concernsServer: concernsServer)
        }
        #expect(told.withLock { $0 } == failures + [.answered, .started, .stopped(isLost: false)])
    }
}
