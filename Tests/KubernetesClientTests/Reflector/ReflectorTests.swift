import KubernetesClient
import KubernetesModel
import KubernetesModelTesting
import KubernetesWire
import ObjectStore
import RandomTesting
import Synchronization
import Testing

/// One behaviour each, against a source that answers from a script.
@Suite struct ReflectorTests {
    // MARK: Words of the scripts

    static func object(_ name: String, _ version: String) -> KubernetesObject {
        var namespace = Namespace.make(name)
        namespace.metadata.resourceVersion = version
        return .namespace(namespace)
    }

    static func set(_ name: String, _ version: String) -> WatchEvent { .set(object(name, version)) }
    static func told(_ name: String, _ version: String) -> StoreEvent { .set(object(name, version)) }
    static func reference(_ name: String) -> ObjectReference { object(name, "").reference }
    static func gone(_ name: String, _ version: String) -> WatchEvent {
        .deleted(reference(name), resourceVersion: version)
    }
    static func listEnd(_ version: String) -> WatchEvent {
        .bookmark(resourceVersion: version, endsInitialEvents: true)
    }
    static func bookmark(_ version: String) -> WatchEvent {
        .bookmark(resourceVersion: version, endsInitialEvents: false)
    }
    static func fault(_ name: String) -> ObjectFault {
        ObjectFault(reference: reference(name), message: "metadata.labels: Invalid value")
    }
    static func page(_ objects: [KubernetesObject], _ version: String, continue token: String = "") -> ScriptedSource.Answer {
        .page(ObjectList(objects: objects, resourceVersion: version, continueToken: token))
    }
    static let expired = APIStatus(code: 410, reason: "Expired", message: "too old resource version")
    static let kind = ObjectKind.namespace
    static let lost = StoreEvent.source(.lost(since: 77), of: kind)
    static let connected = StoreEvent.source(.connected, of: kind)
    /// The stream that begins most scripts: `a` at 5, the list at 10.
    static func listed(_ then: [[WatchEvent]], _ end: ScriptedSource.WatchEnd) -> ScriptedSource.Answer {
        .watch([[set("a", "5"), listEnd("10")]] + then, end)
    }
    static let toldFirst: [StoreEvent] = [.reset(kind), told("a", "5"), .synced(kind)]

    struct Played {
        var told: [StoreEvent]
        var notices: [ReflectorNotice]
        var requests: [ScriptedSource.Request]

        var failures: [ReflectorNotice] {
            notices.filter { if case .failed = $0 { true } else { false } }
        }
        var waits: [Duration] {
            notices.compactMap { if case .failed(let failure) = $0 { failure.retryIn } else { nil } }
        }
    }

    /// Runs the script to its end; waiting takes no time.
    static func play(
        _ script: [ScriptedSource.Answer], _ settings: ReflectorSettings = ReflectorSettings(silence: nil),
        newest: Int? = nil
    ) async -> Played {
        let source = ScriptedSource(script, newest: newest)
        let recorder = StoreRecorder()
        let reflector = Reflector(
            kind: kind, source: source, settings: settings, clock: HastyClock(), wallClock: { 77 },
            random: SplitMix64(seed: 1), deliver: recorder.deliver, notice: recorder.note)
        let task = Task { try await reflector.run() }
        await source.played()
        task.cancel()
        _ = await task.result
        return Played(told: recorder.told, notices: recorder.notices, requests: source.requests)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var script: [ScriptedSource.Answer]
        var told: [StoreEvent]
        /// All but the last, which has no answer.
        var requests: [ScriptedSource.Request]
    }

    @Test("a cluster that was restored is listed anew, for a watch from a version that it has not reached would be silent")
    func restored() async {
        let played = await Self.play(
            [Self.listed([], .broken), .watch([[Self.set("b", "3"), Self.listEnd("4")]], .silent)], newest: 4)
        #expect(
            played.told == Self.toldFirst + [Self.lost, .reset(Self.kind), Self.told("b", "3"), .synced(Self.kind)])
        #expect(played.requests.prefix(2) == [.watch(.initialEvents), .watch(.initialEvents)])
    }

    // MARK: Tables

    static let cases: [Case] = [
        Case(
            testDescription: "a streamed list, and the changes after it",
            script: [listed([[set("b", "11"), gone("a", "12")], [set("b", "13")]], .silent)],
            told: toldFirst + [told("b", "11"), .delete(reference("a")), told("b", "13")],
            requests: [.watch(.initialEvents)]),
        Case(
            testDescription: "an object that goes while the list is streamed",
            script: [.watch([[set("a", "5"), set("b", "6"), gone("a", "9"), listEnd("10")]], .silent)],
            told: [.reset(kind), told("a", "5"), told("b", "6"), .delete(reference("a")), .synced(kind)],
            requests: [.watch(.initialEvents)]),
        Case(
            testDescription: "a stream that breaks before its end is begun anew and synced only then",
            script: [.watch([[set("a", "5")]], .broken), listed([], .silent)],
            told: [.reset(kind), told("a", "5")] + toldFirst,
            requests: [.watch(.initialEvents), .watch(.initialEvents)]),
        Case(
            testDescription: "a server without streams lists in pages, and goes on so",
            script: [
                .refused(APIStatus(code: 422, reason: "Invalid", message: "sendInitialEvents is forbidden")),
                page([object("a", "5")], "10", continue: "next"), page([object("b", "6")], "10"),
                .watch([[.error(expired)]], .closed), page([object("b", "6")], "20"), .watch([], .silent),
            ],
            told: [
                .reset(kind), told("a", "5"), told("b", "6"), .synced(kind), lost, .reset(kind), told("b", "6"),
                .synced(kind),
            ],
            requests: [
                .watch(.initialEvents), .list(limit: 500, continueToken: ""), .list(limit: 500, continueToken: "next"),
                .watch(.after("10")), .list(limit: 500, continueToken: ""), .watch(.after("20")),
            ]),
        Case(
            testDescription: "bookmarks amid the initial events: the server knows no streamed lists",
            script: [.watch([[set("a", "5"), bookmark("7"), set("b", "8")]], .silent), page([object("a", "5")], "10")],
            told: [.reset(kind), told("a", "5")] + toldFirst,
            requests: [.watch(.initialEvents), .list(limit: 500, continueToken: "")]),
        Case(
            testDescription: "pages that expire midway are read anew in one",
            script: [
                .refused(APIStatus(code: 400)), page([object("a", "5")], "10", continue: "next"), .refused(expired),
                page([object("a", "5")], "20"), .watch([], .silent),
            ],
            told: [.reset(kind), told("a", "5")] + toldFirst,
            requests: [
                .watch(.initialEvents), .list(limit: 500, continueToken: ""), .list(limit: 500, continueToken: "next"),
                .list(limit: 0, continueToken: ""), .watch(.after("20")),
            ]),
        Case(
            testDescription: "a watch the server ended goes on after the last bookmark",
            script: [listed([[bookmark("15")]], .closed), .watch([[set("b", "16")]], .silent)],
            told: toldFirst + [told("b", "16")],
            requests: [.watch(.initialEvents), .watch(.after("15"))]),
        Case(
            testDescription: "a watch the server ended goes on after the last event",
            script: [listed([[set("b", "16")], [gone("b", "18")]], .closed), .watch([], .silent)],
            told: toldFirst + [told("b", "16"), .delete(reference("b"))],
            requests: [.watch(.initialEvents), .watch(.after("18"))]),
        Case(
            testDescription: "an unreadable object moves the version on",
            script: [listed([[.unreadable(fault("b"), resourceVersion: "16")]], .closed), .watch([], .silent)],
            told: toldFirst,
            requests: [.watch(.initialEvents), .watch(.after("16"))]),
        Case(
            testDescription: "a version that expired: listed anew",
            script: [
                listed([[bookmark("15")]], .closed), .refused(expired), .watch([[set("b", "30"), listEnd("31")]], .silent),
            ],
            told: toldFirst + [lost, .reset(kind), told("b", "30"), .synced(kind)],
            requests: [.watch(.initialEvents), .watch(.after("15")), .watch(.initialEvents)]),
        Case(
            testDescription: "a version that expired, told as an event: listed anew",
            script: [listed([[.error(expired)]], .closed), listed([], .silent)],
            told: toldFirst + [lost] + toldFirst,
            requests: [.watch(.initialEvents), .watch(.initialEvents)]),
        Case(
            testDescription: "a version the server has not reached: it was restored, and what it has counts",
            script: [
                listed([[bookmark("15")]], .closed),
                .refused(APIStatus(code: 504, reason: "Timeout", message: "Too large resource version: 15, current: 9")),
                .watch([[set("a", "3"), listEnd("9")], [set("a", "10")]], .silent),
            ],
            told: toldFirst + [lost, .reset(kind), told("a", "3"), .synced(kind), told("a", "10")],
            requests: [.watch(.initialEvents), .watch(.after("15")), .watch(.initialEvents)]),
        Case(
            testDescription: "events that come again, or late, change nothing",
            script: [
                listed([[set("a", "11"), set("a", "11"), set("a", "5"), gone("a", "9")]], .closed),
                .watch([[set("a", "11"), set("b", "10"), set("b", "100"), set("b", "99")]], .silent),
            ],
            told: toldFirst + [told("a", "11"), told("b", "100")],
            requests: [.watch(.initialEvents), .watch(.after("11"))]),
        Case(
            testDescription: "versions that are no numbers are the same or others",
            script: [
                .watch([[set("a", "x5"), listEnd("x9")], [set("a", "x2"), set("a", "x2"), set("a", "x1")]], .closed),
                .watch([], .silent),
            ],
            told: [.reset(kind), told("a", "x5"), .synced(kind), told("a", "x2"), told("a", "x1")],
            requests: [.watch(.initialEvents), .watch(.after("x1"))]),
        Case(
            testDescription: "an object that cannot be read stays, also when all is listed anew",
            script: [
                listed([[.unreadable(fault("a"), resourceVersion: "16")], [.error(expired)]], .closed),
                .watch([[.unreadable(fault("a"), resourceVersion: "16"), listEnd("20")]], .silent),
            ],
            told: toldFirst + [lost, .reset(kind), .keep(reference("a")), .synced(kind)],
            requests: [.watch(.initialEvents), .watch(.initialEvents)]),
        Case(
            testDescription: "nothing is lost before anything was told",
            script: [.unreachable, .unreachable, .unreachable, listed([], .silent)],
            told: toldFirst,
            requests: Array(repeating: .watch(.initialEvents), count: 4)),
        Case(
            testDescription: "a watch that broke: lost, and found again when the next is accepted",
            script: [listed([], .broken), .watch([[set("b", "16")]], .silent)],
            told: toldFirst + [lost, connected, told("b", "16")],
            requests: [.watch(.initialEvents), .watch(.after("10"))]),
        Case(
            testDescription: "one attempt that fails loses nothing",
            script: [listed([[bookmark("15")]], .closed), .unreachable, .watch([], .silent)],
            told: toldFirst,
            requests: [.watch(.initialEvents), .watch(.after("15")), .watch(.after("15"))]),
        Case(
            testDescription: "two attempts that fail lose the source",
            script: [
                listed([[bookmark("15")]], .closed), .unreachable, .refused(APIStatus(code: 500)), .unreachable,
                .watch([], .silent),
            ],
            told: toldFirst + [lost, connected],
            requests: [.watch(.initialEvents)] + Array(repeating: .watch(.after("15")), count: 4)),
        Case(
            testDescription: "a server that fails each watch is asked for the list in the end",
            script: [listed([[bookmark("15")]], .closed)]
                + Array(repeating: .refused(APIStatus(code: 500)), count: 5) + [listed([], .silent)],
            told: toldFirst + [lost] + toldFirst,
            requests: [.watch(.initialEvents)] + Array(repeating: .watch(.after("15")), count: 5)
                + [.watch(.initialEvents)]),
    ]

    @Test("what is told and asked for", .timeLimit(.minutes(1)), arguments: cases)
    func behaviour(_ it: Case) async {
        let played = await Self.play(it.script)
        #expect(played.told == it.told)
        #expect(Array(played.requests.prefix(it.requests.count)) == it.requests)
    }

    // MARK: Failures

    @Test("an expired version is listed anew at once; when that goes on, with a pause", .timeLimit(.minutes(1)))
    func expiries() async {
        let again = ScriptedSource.Answer.refused(Self.expired)
        let once = await Self.play([Self.listed([[Self.bookmark("15")]], .closed), again, Self.listed([], .silent)])
        #expect(once.failures == [])
        let often = await Self.play(Array(repeating: again, count: 5) + [Self.listed([], .silent)])
        #expect(often.failures.count == 3)
    }

    @Test("a list that breaks off is read again soon, however long the outage before it was", .timeLimit(.minutes(1)))
    func cutLists() async {
        let outage = [Self.listed([[Self.bookmark("15")]], .broken)] + Array(repeating: .unreachable, count: 7)
        let played = await Self.play(outage + [.refused(Self.expired), .cut, .cut, .cut, Self.listed([], .silent)])
        #expect(played.waits.count == 11)
        #expect(played.waits[7] >= .seconds(30))
        let cuts = played.waits.suffix(3)
        #expect(cuts.allSatisfy { $0 >= .milliseconds(200) })
        #expect(cuts.reduce(.zero, +) < .seconds(3))
    }

    @Test("a list that breaks off after one in pages came through is read again soon", .timeLimit(.minutes(1)))
    func cutListAfterPages() async {
        let list = Self.page([Self.object("a", "5")], "10")
        let cuts = Array(repeating: ScriptedSource.Answer.cut, count: 6)
        let played = await Self.play(
            cuts + [list, .refused(Self.expired), .cut, list, .watch([], .silent)],
            ReflectorSettings(silence: nil, streamsLists: false))
        #expect(played.waits.count == 7)
        #expect(played.waits[5] >= .milliseconds(6400))
        #expect(played.waits[6] < .milliseconds(400))
    }

    @Test("a server that refuses when it is back is asked as at the start", .timeLimit(.minutes(1)))
    func refusalAfterOutage() async {
        let outage = Array(repeating: ScriptedSource.Answer.unreachable, count: 7)
        let played = await Self.play(outage + [.refused(APIStatus(code: 403)), Self.listed([], .silent)])
        #expect(played.waits[6] >= .seconds(30))
        #expect(played.waits[7] < .milliseconds(1600))
    }

    @Test("a watch that ends at once without an event waits as after a failure", .timeLimit(.minutes(1)))
    func shortWatches() async {
        let played = await Self.play([
            Self.listed([], .closed), .watch([], .closed), .watch([], .closed), .watch([[Self.set("b", "11")]], .closed),
        ])
        #expect(played.failures.count == 2)
        #expect(played.waits.allSatisfy { $0 >= .milliseconds(800) })
    }

    @Test(
        "a source is lost since its connection broke, not since the last event", .timeLimit(.minutes(1)),
        arguments: [(FailureStage.cut, Int64(140)), (.silent, 100)])
    func lostSince(_ stage: FailureStage, _ since: Int64) async {
        let source = ScriptedSource([Self.listed([], .silent), .watch([], .silent)])
        let recorder = StoreRecorder()
        let time = Mutex<Int64>(100)
        let reflector = Reflector(
            kind: Self.kind, source: source, settings: ReflectorSettings(silence: nil), clock: HastyClock(),
            wallClock: { time.withLock { $0 } }, random: SplitMix64(seed: 1), deliver: recorder.deliver,
            notice: recorder.note)
        let task = Task { try await reflector.run() }
        await recorder.wait { $0.isSynced }
        time.withLock { $0 = 140 }
        source.end(ScriptedSource.Broken(stage: stage))
        await source.played()
        task.cancel()
        _ = await task.result
        let lost = StoreEvent.source(.lost(since: since), of: Self.kind)
        #expect(recorder.told == Self.toldFirst + [lost, Self.connected])
        let notices = recorder.notices.drop { $0 != .lost(since: since) }
        #expect(notices.contains(.following))
    }

    @Test("Retry-After is a wait at least", .timeLimit(.minutes(1)))
    func retryAfter() async {
        let busy = APIStatus(code: 429, reason: "TooManyRequests", retryAfterSeconds: 42)
        let played = await Self.play([.refused(busy), Self.listed([], .silent)])
        #expect(played.waits == [.seconds(42)])
    }

    @Test(
        "what the credentials may not do is told in words, as news once, and tried again", .timeLimit(.minutes(1)),
        arguments: [(401, "credentials"), (403, "RBAC"), (404, "has no namespaces")])
    func refusals(_ code: Int, _ word: String) async {
        let refusal = ScriptedSource.Answer.refused(APIStatus(code: code, reason: "No"))
        let played = await Self.play([refusal, refusal, refusal, Self.listed([], .silent)])
        let failures = played.notices.compactMap { if case .failed(let failure) = $0 { failure } else { nil } }
        let news = failures.map(\.isNew)
        #expect(news == [true, false, false])
        #expect("\(played.failures)".contains(word))
        #expect(failures.allSatisfy { $0.concernsServer == (code == 401) })
        #expect(played.told == Self.toldFirst)
    }

    @Test("an object that cannot be read is told once, and again when it was readable between", .timeLimit(.minutes(1)))
    func faultsOnce() async {
        let bad = Self.fault("a")
        let played = await Self.play([
            .watch([[.unreadable(bad, resourceVersion: "4"), Self.listEnd("10")], [.error(Self.expired)]], .closed),
            .watch(
                [
                    [.unreadable(bad, resourceVersion: "4"), Self.listEnd("12")],
                    [Self.set("a", "13"), .unreadable(bad, resourceVersion: "14")],
                ], .silent),
        ])
        #expect(played.notices.filter { $0 == .unreadable(bad) }.count == 2)
    }

    @Test("lists, watches and events are counted", .timeLimit(.minutes(1)))
    func counts() async {
        let played = await Self.play([
            Self.listed([[Self.set("b", "11"), Self.set("a", "5")]], .closed), .watch([[Self.gone("a", "12")]], .closed),
        ])
        #expect(
            played.notices == [
                .listing(streamed: true), .watching, .events(applied: 2, passedOver: 0),
                .listed(objects: 1, streamed: true), .following, .events(applied: 1, passedOver: 1), .watching, .following,
                .events(applied: 1, passedOver: 0),
            ])
    }
}
