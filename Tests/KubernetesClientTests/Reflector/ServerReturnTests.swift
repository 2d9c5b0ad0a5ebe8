import KubernetesModel
import KubernetesModelTesting
import KubernetesWire
import ObjectStore
import RandomTesting
import Synchronization
import Testing

@testable import KubernetesClient

/// When a server that was away answers one reflector, the others do not sleep on.
@Suite struct ServerReturnTests {
    private typealias Script = ReflectorTests

    /// One of several reflectors of a server, on a clock that the test moves.
    private struct Follower {
        let source: ScriptedSource
        let recorder = StoreRecorder()
        let task: Task<Void, any Error>

        init(
            _ script: [ScriptedSource.Answer], _ serverReturn: ServerReturn, _ clock: ManualClock,
            spread: Duration = .zero, streams: Bool = true,
            random: any RandomNumberGenerator & Sendable = SplitMix64(seed: 1)
        ) {
            let source = ScriptedSource(script)
            let reflector = Reflector(
                kind: .namespace, source: source,
                settings: ReflectorSettings(returnSpread: spread, silence: nil, streamsLists: streams),
                serverReturn: serverReturn, clock: clock, wallClock: { 77 }, random: random,
                deliver: recorder.deliver, notice: recorder.note)
            self.source = source
            task = Task { try await reflector.run() }
        }

        func end() async {
            task.cancel()
            _ = await task.result
        }
    }

    private static let outage = Array(repeating: ScriptedSource.Answer.unreachable, count: 7)

    /// A follower whose seventh attempt has failed: it sleeps for 30 s at least.
    private static func asleep(_ serverReturn: ServerReturn, _ clock: ManualClock) async -> Follower {
        let follower = Follower(outage + [Script.listed([], .silent)], serverReturn, clock)
        for _ in outage.dropFirst() { await clock.advanceToNext() }
        await clock.sleepers(1)
        return follower
    }

    @Test("what waits asks at once when another was answered", .timeLimit(.minutes(1)))
    func atOnce() async {
        let (serverReturn, clock) = (ServerReturn(), ManualClock())
        let waiting = await Self.asleep(serverReturn, clock)
        let before = clock.now.offset
        let remaining = (clock.deadlines.first ?? .zero) - before
        #expect(remaining >= .seconds(30))
        let first = Follower([.unreachable, Script.listed([], .silent)], serverReturn, clock)
        await clock.sleepers(2)
        clock.advance(by: .milliseconds(1600))
        await first.recorder.wait { $0.isSynced }
        await waiting.recorder.wait { $0.isSynced }
        #expect(clock.now.offset - before == .milliseconds(1600))
        await first.end()
        await waiting.end()
    }

    @Test("those that wait do not ask together", .timeLimit(.minutes(1)))
    func spread() async {
        let (serverReturn, clock) = (ServerReturn(), ManualClock())
        let waiting = (1...8).map {
            Follower(
                [.unreachable, Script.listed([], .silent)], serverReturn, clock, spread: .milliseconds(500),
                random: SplitMix64(seed: $0))
        }
        await clock.sleepers(8)
        #expect(clock.deadlines.allSatisfy { $0 >= .milliseconds(800) })
        _ = serverReturn.tell()
        while clock.deadlines.count < 8 || clock.deadlines.contains(where: { $0 >= .milliseconds(800) }) { await Task.yield() }
        #expect(clock.deadlines.allSatisfy { $0 < .milliseconds(500) })
        #expect(Set(clock.deadlines).count == 8)
        clock.advance(by: .milliseconds(500))
        for follower in waiting {
            await follower.recorder.wait { $0.isSynced }
            await follower.end()
        }
    }

    @Test(
        "a wait that the server asked for is kept, and that of a request that it refuses", .timeLimit(.minutes(1)),
        arguments: [APIStatus(code: 429, retryAfterSeconds: 100), APIStatus(code: 403)])
    func keptWaits(_ refusal: APIStatus) async {
        let (serverReturn, clock) = (ServerReturn(), ManualClock())
        let follower = Follower([.refused(refusal)], serverReturn, clock)
        await clock.sleepers(1)
        let deadlines = clock.deadlines
        _ = serverReturn.tell()
        #expect(clock.deadlines == deadlines)
        #expect(follower.source.requests.count == 1)
        await follower.end()
    }

    @Test("who was answered, and then was not, waits all the same", .timeLimit(.minutes(1)))
    func ownReturn() async {
        let (serverReturn, clock) = (ServerReturn(), ManualClock())
        let follower = Follower([.unreachable, Script.listed([], .broken)], serverReturn, clock)
        await clock.advanceToNext()
        await follower.recorder.told(Script.lost)
        await clock.sleepers(1)
        #expect(serverReturn.count == 1)
        #expect((clock.deadlines.first ?? .zero) - clock.now.offset >= .milliseconds(800))
        await follower.end()
    }

    /// What a server breaks off, each time that it has accepted it.
    enum Breaking: CaseIterable {
        case streamedLists, lists, watches

        fileprivate var script: [ScriptedSource.Answer] {
            let page = Script.page([Script.object("a", "5")], "", continue: "next")
            return switch self {
            case .streamedLists: Array(repeating: .watch([], .broken), count: 64)
            case .lists: Array(repeating: [page, .cut], count: 64).flatMap(\.self)
            case .watches: [Script.listed([], .broken)] + Array(repeating: .watch([], .broken), count: 64)
            }
        }

        /// How often the server was asked anew.
        fileprivate func attempts(_ requests: [ScriptedSource.Request]) -> Int {
            requests.count { if case .list(_, let token) = $0 { token.isEmpty } else { true } }
        }
    }

    /// Every wait in the middle of what it may be: half of all bits for whole numbers, half of 53 for others.
    private struct Middle: RandomNumberGenerator {
        mutating func next() -> UInt64 { 1 << 63 | 1 << 52 }
    }

    @Test(
        "a server that accepts and breaks off does not have its reflectors wake each other without end",
        .timeLimit(.minutes(1)), arguments: Breaking.allCases)
    func breaking(_ breaking: Breaking) async {
        let (serverReturn, clock) = (ServerReturn(), ManualClock())
        let followers = (0..<2).map { _ in
            Follower(
                breaking.script, serverReturn, clock, spread: .milliseconds(500), streams: breaking != .lists,
                random: Middle())
        }
        while followers.contains(where: { breaking.attempts($0.source.requests) <= 10 }) {
            await clock.sleepers(2)
            // Who is being woken by the other still counts as one that sleeps.
            for _ in 0..<100 { await Task.yield() }
            await clock.advanceToNext(sleepers: 2)
        }
        // Between eleven attempts are ten waits, each either the backoff's, from 0.3 s and doubling, or that of a return
        // which was followed, from 0.25 s and doubling. Were these all of 0.25 s, each waking the other, it would be 5 s.
        let took = clock.now.offset
        #expect(took >= .seconds(17))
        #expect(serverReturn.count > 2)
        for follower in followers { await follower.end() }
    }

    @Test("a return before the wait counts, one that was known does not", .timeLimit(.minutes(1)))
    func counting() async {
        let serverReturn = ServerReturn()
        let before = serverReturn.count
        let after = serverReturn.tell()
        await serverReturn.next(after: before)
        let isBack = Mutex(false)
        let task = Task {
            await serverReturn.next(after: after)
            if !Task.isCancelled { isBack.withLock { $0 = true } }
        }
        task.cancel()
        await task.value
        #expect(!isBack.withLock { $0 })
        let other = Task { await serverReturn.next(after: after) }
        _ = serverReturn.tell()
        await other.value
    }
}
