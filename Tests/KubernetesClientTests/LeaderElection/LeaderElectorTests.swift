import Foundation
import KubernetesClient
import KubernetesModel
import KubernetesModelTesting
import KubernetesWire
import RandomTesting
import Testing

@Suite struct LeaderElectorTests {
    static let key = ObjectKey(namespace: "kube-system", name: "fairway")
    static let noon = time("2026-01-01T12:00:00Z")

    static func elector(_ identity: String = "a") -> LeaderElector {
        LeaderElector(lease: key, identity: identity, settings: LeaderElectionSettings())
    }

    static func lease(
        _ holder: String, version: String, transitions: Int32 = 0, acquired: Timestamp = noon, renewed: Timestamp = noon
    ) -> Lease {
        Lease(
            metadata: ObjectMeta(name: "fairway", namespace: "kube-system", resourceVersion: version),
            holderIdentity: holder, leaseDurationSeconds: 15, acquireTime: acquired, renewTime: renewed,
            leaseTransitions: transitions)
    }

    /// A candidate that has just made the lease.
    static func leader() -> (LeaderElector, Lease) {
        var elector = elector()
        _ = elector.begin(now: .zero, time: noon)
        _ = elector.missing(now: .zero, time: noon)
        let stored = lease("a", version: "1")
        _ = elector.written(stored, now: .zero)
        return (elector, stored)
    }

    @Test("where there is no lease it is made, and held")
    func creates() {
        var elector = Self.elector()
        let first = elector.begin(now: .zero, time: Self.noon)
        #expect(first == .get)
        let second = elector.missing(now: .seconds(1), time: Self.noon)
        #expect(second == .create(Self.lease("a", version: "")))
        #expect(elector.leadsUntil == nil)
        let third = elector.written(Self.lease("a", version: "1"), now: .seconds(2))
        #expect(third == .settled(holds: true))
        #expect(elector.leadsUntil == .seconds(11))
        #expect(elector.isHolder)
    }

    @Test("the holder renews without reading; only the time of renewal changes")
    func renews() {
        var (elector, stored) = Self.leader()
        let later = time("2026-01-01T12:00:02.123456789Z")
        let action = elector.begin(now: .seconds(2), time: later)
        stored.renewTime = time("2026-01-01T12:00:02.123456Z")
        #expect(action == .update(stored))
    }

    @Test("a conflict while renewing: read, and renewed where the lease is still held")
    func conflictStillHeld() {
        var (elector, _) = Self.leader()
        _ = elector.begin(now: .seconds(2), time: Self.noon)
        let second = elector.failed()
        #expect(second == .get)
        let third = elector.found(Self.lease("a", version: "7"), now: .seconds(2), time: Self.noon)
        #expect(third == .update(Self.lease("a", version: "7")))
        let fourth = elector.failed()
        #expect(fourth == .settled(holds: false))
        #expect(elector.isHolder)
    }

    @Test("a conflict while renewing: lost where somebody else holds the lease")
    func conflictLost() {
        var (elector, _) = Self.leader()
        _ = elector.begin(now: .seconds(2), time: Self.noon)
        _ = elector.failed()
        let third = elector.found(Self.lease("b", version: "7"), now: .seconds(2), time: Self.noon)
        #expect(third == .settled(holds: false))
        #expect(!elector.isHolder)
    }

    @Test("another's lease is taken when it was not seen to change for as long as it lasts")
    func takesOver() {
        var elector = Self.elector()
        let theirs = Self.lease("b", version: "7", transitions: 3)
        // The other clock is years behind: it counts for nothing.
        let now = time("2030-01-01T00:00:00Z")
        for (second, version) in [(0, "7"), (14, "7"), (15, "8"), (29, "8")] {
            var seen = theirs
            seen.metadata.resourceVersion = version
            let first = elector.begin(now: .seconds(second), time: now)
            #expect(first == .get)
            let action = elector.found(seen, now: .seconds(second), time: now)
            #expect(action == .settled(holds: false), "at \(second) s")
        }
        var seen = theirs
        seen.metadata.resourceVersion = "8"
        let action = elector.found(seen, now: .seconds(30), time: now)
        #expect(action == .update(Self.lease("a", version: "8", transitions: 4, acquired: now, renewed: now)))
    }

    @Test("a lease that was let go is taken at once")
    func takesReleased() {
        var (first, _) = Self.leader()
        let released = first.released(time: Self.noon)
        #expect(released?.holderIdentity == "")
        #expect(released?.leaseDurationSeconds == 1)
        first.stop()
        #expect(first.leadsUntil == nil)
        var second = Self.elector("b")
        guard let released else { return }
        let action = second.found(released, now: .zero, time: Self.noon)
        #expect(action == .update(Self.lease("b", version: "1", transitions: 1)))
        #expect(second.released(time: Self.noon) == nil)
    }

    @Test("an answer that comes after the renew deadline makes no leader")
    func lateAnswer() {
        var elector = Self.elector()
        _ = elector.missing(now: .zero, time: Self.noon)
        let action = elector.written(Self.lease("a", version: "1"), now: .seconds(10))
        #expect(action == .settled(holds: false))
    }

    /// Three candidates whose requests and answers take their time or get lost. A failure names its seed.
    @Test("never do two lead, and somebody leads in the end", arguments: 1...60 as ClosedRange<UInt64>)
    func oneLeader(_ seed: UInt64) {
        var simulation = ElectionSimulation(seed: seed)
        var doubles: [String] = []
        for tick in 0..<3000 {
            simulation.isTroubled = tick < 2000
            simulation.lossRate = tick < 2000 ? [0, 2, 4, 12][Int(seed % 4)] : 0
            simulation.step()
            let leaders = simulation.leaders
            if leaders.count > 1 { doubles.append("tick \(tick): \(leaders)") }
        }
        #expect(doubles == [], "seed \(seed)")
        #expect(simulation.leaders.count == 1, "seed \(seed)")
        #expect(simulation.terms > 1, "seed \(seed)")
    }
}

/// Candidates on one clock of 100 ms ticks, with a store behind a slow and lossy network.
struct ElectionSimulation {
    private enum Stage {
        case idle(until: Int)
        case travels(LeaderElector.Action, landsAt: Int, answersAt: Int?, Result<Lease, APIStatus>?)
    }

    private var random: SplitMix64
    private var store = LeaseStore()
    private var electors = ["a", "b", "c"].map { LeaderElectorTests.elector($0) }
    private var stages = Array(repeating: Stage.idle(until: 0), count: 3)
    private var tick = 0
    /// One message in so many is lost; 0: none.
    var lossRate = 0
    /// Leaders leave of their own will now and then.
    var isTroubled = true
    /// How often somebody began to lead.
    private(set) var terms = 0

    init(seed: UInt64) { random = SplitMix64(seed: seed) }

    private var now: Duration { .milliseconds(100 * tick) }
    private var wall: Timestamp { Timestamp(seconds: 1_700_000_000 + Int64(tick / 10)) }

    var leaders: [String] { electors.filter { ($0.leadsUntil ?? .zero) > now }.map(\.identity) }

    mutating func step() {
        tick += 1
        for index in electors.indices {
            // A leader whose time is over stops by itself.
            if let until = electors[index].leadsUntil, until <= now { electors[index].stop() }
            // Some leave of their own will.
            if isTroubled, random.oneIn(400), electors[index].leadsUntil != nil, let free = electors[index].released(time: wall) {
                electors[index].stop()
                _ = try? store.update(free)
                stages[index] = .idle(until: tick + 30)
            }
            advance(index)
        }
    }

    private mutating func advance(_ index: Int) {
        switch stages[index] {
        case .idle(let until):
            if tick >= until { send(electors[index].begin(now: now, time: wall), index) }
        case .travels(let action, let landsAt, let answersAt, nil) where tick >= landsAt:
            stages[index] = .travels(action, landsAt: landsAt, answersAt: answersAt, apply(action))
        case .travels(let action, _, let answersAt?, let result?) where tick >= answersAt:
            take(result, of: action, index)
        case .travels(_, let landsAt, nil, _) where tick >= landsAt + 50:
            // The answer was lost: the request times out.
            send(electors[index].failed(), index)
        default: break
        }
    }

    private mutating func take(_ result: Result<Lease, APIStatus>, of action: LeaderElector.Action, _ index: Int) {
        switch (result, action) {
        case (.success(let lease), .get): send(electors[index].found(lease, now: now, time: wall), index)
        case (.success(let lease), _):
            if electors[index].leadsUntil == nil { terms += 1 }
            send(electors[index].written(lease, now: now), index)
        case (.failure(let status), .get) where status.isNotFound:
            send(electors[index].missing(now: now, time: wall), index)
        case (.failure, _): send(electors[index].failed(), index)
        }
    }

    private mutating func send(_ action: LeaderElector.Action, _ index: Int) {
        if case .settled(let holds) = action {
            if !holds && !electors[index].isHolder { electors[index].stop() }
            stages[index] = .idle(until: tick + random.number(20...44))
            return
        }
        let lands = tick + random.number(0...(lossRate > 0 ? 60 : 3))
        let isLost = lossRate > 0 && random.oneIn(lossRate)
        if isLost, random.oneIn(2) {
            // The request itself never arrives.
            stages[index] = .travels(action, landsAt: lands, answersAt: nil, .failure(APIStatus(code: 0)))
        } else {
            stages[index] = .travels(
                action, landsAt: lands, answersAt: isLost ? nil : lands + random.number(0...(lossRate > 0 ? 60 : 3)), nil)
        }
    }

    private mutating func apply(_ action: LeaderElector.Action) -> Result<Lease, APIStatus> {
        do {
            switch action {
            case .get: return .success(try store.get())
            case .create(let lease): return .success(try store.create(lease))
            case .update(let lease): return .success(try store.update(lease))
            case .settled: return .failure(APIStatus(code: 0))
            }
        } catch {
            return .failure((error as? APIStatus) ?? APIStatus(code: 0))
        }
    }
}
