import KubernetesClient
import KubernetesModel
import KubernetesWire
import ObjectStore
import RandomTesting
import Testing

/// Watches that say nothing, on a clock that the test moves.
@Suite struct ReflectorSilenceTests {
    private typealias Script = ReflectorTests

    private static func run(
        _ source: ScriptedSource, _ recorder: StoreRecorder, _ clock: ManualClock
    ) -> Task<Void, any Error> {
        let reflector = Reflector(
            kind: .namespace, source: source, settings: ReflectorSettings(silence: .seconds(150)), clock: clock,
            wallClock: { 1000 + clock.now.offset.components.seconds }, random: SplitMix64(seed: 1),
            deliver: recorder.deliver, notice: recorder.note)
        return Task { try await reflector.run() }
    }

    @Test(
        "a watch with bookmarks that falls silent is lost since the last of them, and resumed", .timeLimit(.minutes(1)))
    func silenceAfterBookmarks() async {
        let source = ScriptedSource([Script.listed([], .silent), .watch([], .silent)])
        let recorder = StoreRecorder()
        let clock = ManualClock()
        let task = Self.run(source, recorder, clock)
        await recorder.wait { $0.isSynced }
        await clock.sleepers(1)
        clock.advance(by: .seconds(60))
        source.say([Script.set("b", "20")])
        await recorder.wait { $0.snapshot.namespaces.count == 2 }
        // Woken at 150 s it finds that something was heard at 60 s.
        clock.advance(by: .seconds(90))
        await clock.advanceToNext()
        await source.played()
        #expect(recorder.told.last == .source(.lost(since: 1060), of: .namespace))
        source.say([Script.bookmark("21")])
        await recorder.told(Script.connected)
        task.cancel()
        _ = await task.result
        #expect(recorder.told.suffix(2) == [.source(.lost(since: 1060), of: .namespace), Script.connected])
        #expect(source.requests == [.watch(.initialEvents), .watch(.after("20"))])
    }

    @Test(
        "a watch that says nothing from its begin is given up and resumed, and the source lost until something is heard",
        .timeLimit(.minutes(1)))
    func silenceFromTheBegin() async {
        let source = ScriptedSource([
            .refused(APIStatus(code: 422)), Script.page([Script.object("a", "5")], "10"), .watch([], .silent),
            .watch([], .silent), .watch([], .silent),
        ])
        let recorder = StoreRecorder()
        let clock = ManualClock()
        let task = Self.run(source, recorder, clock)
        // Accepted twice, and nothing came.
        await clock.advanceToNext()
        await clock.advanceToNext()
        await source.played()
        #expect(clock.now.offset == .seconds(300))
        #expect(recorder.told == Script.toldFirst + [.source(.lost(since: 1000), of: .namespace)])
        source.say([Script.set("b", "12")])
        await recorder.told(Script.connected)
        await recorder.wait { $0.snapshot.namespaces.count == 2 }
        task.cancel()
        _ = await task.result
        #expect(recorder.told.suffix(2) == [Script.connected, Script.told("b", "12")])
        #expect(source.requests.suffix(3) == Array(repeating: .watch(.after("10")), count: 3)[...])
    }

    @Test(
        "a watch in which no bookmark may come shall end within the silence, and a server that ends it is not lost",
        .timeLimit(.minutes(1)))
    func withoutBookmarks() async {
        let source = ScriptedSource([
            .refused(APIStatus(code: 422)), Script.page([Script.object("a", "5")], "10"), .watch([], .silent),
            .watch([[Script.bookmark("12")]], .closed), .watch([], .silent),
        ])
        let recorder = StoreRecorder()
        let clock = ManualClock()
        let task = Self.run(source, recorder, clock)
        await clock.sleepers(1)
        clock.advance(by: .seconds(120))
        source.end()
        await source.played()
        task.cancel()
        _ = await task.result
        #expect(recorder.told == Script.toldFirst)
        #expect(source.timeouts.dropFirst().prefix(2) == [120, 120])
        #expect((300...600).contains(source.timeouts.last ?? 0))
    }

    @Test("after a silence the next watch shall end within it too", .timeLimit(.minutes(1)))
    func afterSilence() async {
        let source = ScriptedSource([Script.listed([[Script.bookmark("12")]], .silent), .watch([], .silent)])
        let recorder = StoreRecorder()
        let clock = ManualClock()
        let task = Self.run(source, recorder, clock)
        await clock.advanceToNext()
        await source.played()
        clock.advance(by: .seconds(120))
        source.end()
        await recorder.told(Script.connected)
        task.cancel()
        _ = await task.result
        #expect(source.timeouts.dropFirst().first == 120)
    }

    @Test("initial events without an end: the list is read in pages", .timeLimit(.minutes(1)))
    func silenceBeforeTheEnd() async {
        let source = ScriptedSource([
            .watch([[Script.set("a", "5")]], .silent), Script.page([Script.object("a", "5")], "10"),
        ])
        let recorder = StoreRecorder()
        let clock = ManualClock()
        let task = Self.run(source, recorder, clock)
        await clock.advanceToNext()
        await recorder.wait { $0.isSynced }
        task.cancel()
        _ = await task.result
        #expect(recorder.told.suffix(3) == Script.toldFirst[...])
        #expect(source.requests.dropFirst().first == .list(limit: 500, continueToken: ""))
    }
}
