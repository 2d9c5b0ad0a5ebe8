import Dataplane
import NetworkTypes
import ServiceTable
import Testing

/// When the pacer synchronises, and how: scenarios step by step.
@Suite struct SyncPacerTests {
    /// Tables that differ in one service port each: `version` counts them.
    private static func table(_ version: Int) -> ServiceTable {
        var table = ServiceTable()
        for number in 0..<version {
            let port = servicePort(number)
            table[port.key] = port
        }
        return table
    }

    private static func servicePort(_ number: Int) -> ServicePort {
        ServicePort(
            key: ServicePortKey(
                id: ServicePortID(namespace: "default", service: "s\(number)", portName: "", protocol: .tcp),
                family: .ipv4),
            frontends: [])
    }

    enum Step: Sendable, CustomStringConvertible {
        /// A change from one version to another is submitted.
        case submit(Int, Int)
        case requestFull
        /// For this millisecond.
        case requestFullAt(Int)
        /// The action asked for at this millisecond is this one.
        case expect(at: Int, Expected)
        /// The action handed out ends at this millisecond.
        case succeeds(at: Int)
        case fails(at: Int)

        var description: String {
            switch self {
            case .submit(let old, let new): "submit \(old) -> \(new)"
            case .requestFull: "request full"
            case .requestFullAt(let at): "request full at \(at)"
            case .expect(let at, let expected): "at \(at): \(expected)"
            case .succeeds(let at): "succeeds at \(at)"
            case .fails(let at): "fails at \(at)"
            }
        }
    }

    enum Expected: Sendable, Hashable {
        case idle
        case wait(until: Int)
        case full(Int)
        /// Old and new version, and number of changed keys.
        case incremental(Int, Int, changed: Int)
    }

    struct Scenario: CustomTestStringConvertible, Sendable {
        let name: String
        var minimumInterval = 0
        var fullInterval: Int?
        let steps: [Step]
        var testDescription: String { name }
    }

    static let scenarios: [Scenario] = [
        Scenario(name: "nothing submitted, nothing due", steps: [.expect(at: 0, .idle), .requestFull, .expect(at: 5, .idle)]),
        Scenario(
            name: "the first synchronisation is full",
            steps: [.submit(0, 3), .expect(at: 0, .full(3)), .succeeds(at: 1), .expect(at: 1, .idle)]),
        Scenario(
            name: "an empty first table is synchronised too",
            steps: [.submit(0, 0), .expect(at: 0, .full(0)), .succeeds(at: 1), .expect(at: 1, .idle)]),
        Scenario(
            name: "later ones are incremental",
            steps: [
                .submit(0, 1), .expect(at: 0, .full(1)), .succeeds(at: 1), .submit(1, 2),
                .expect(at: 2, .incremental(1, 2, changed: 1)), .succeeds(at: 3), .expect(at: 3, .idle),
            ]),
        Scenario(
            name: "changes are merged",
            steps: [
                .submit(0, 1), .expect(at: 0, .full(1)), .succeeds(at: 1), .submit(1, 2), .submit(2, 4), .submit(4, 3),
                .expect(at: 2, .incremental(1, 3, changed: 3)),
            ]),
        Scenario(
            name: "one action at a time; what comes meanwhile is the next step",
            steps: [
                .submit(0, 1), .expect(at: 0, .full(1)), .submit(1, 2), .expect(at: 1, .idle), .submit(2, 3),
                .succeeds(at: 5), .expect(at: 5, .incremental(1, 3, changed: 2)), .succeeds(at: 6), .expect(at: 6, .idle),
            ]),
        Scenario(
            name: "an empty change is nothing to do",
            steps: [
                .submit(0, 1), .expect(at: 0, .full(1)), .succeeds(at: 1), .submit(1, 1), .expect(at: 2, .idle),
                .submit(1, 2), .expect(at: 3, .incremental(1, 2, changed: 1)),
            ]),
        Scenario(
            name: "the minimum interval runs from the end of the last",
            minimumInterval: 50,
            steps: [
                .submit(0, 1), .expect(at: 0, .full(1)), .succeeds(at: 10), .expect(at: 11, .idle), .submit(1, 2),
                .expect(at: 20, .wait(until: 60)), .submit(2, 3), .expect(at: 59, .wait(until: 60)),
                .expect(at: 60, .incremental(1, 3, changed: 2)),
            ]),
        Scenario(
            name: "a failed step is followed by a full one, later and later",
            steps: [
                .submit(0, 1), .expect(at: 0, .full(1)), .succeeds(at: 0), .submit(1, 2),
                .expect(at: 0, .incremental(1, 2, changed: 1)), .fails(at: 0), .expect(at: 0, .wait(until: 100)),
                .expect(at: 100, .full(2)), .fails(at: 100), .expect(at: 150, .wait(until: 300)),
                .expect(at: 300, .full(2)), .fails(at: 300), .expect(at: 300, .wait(until: 700)),
                .expect(at: 700, .full(2)), .fails(at: 700), .expect(at: 700, .wait(until: 1200)),
                .expect(at: 1200, .full(2)), .fails(at: 1200), .expect(at: 1200, .wait(until: 1700)),
                .expect(at: 1700, .full(2)), .succeeds(at: 1701), .expect(at: 1701, .idle),
            ]),
        Scenario(
            name: "a success resets the delay",
            steps: [
                .submit(0, 1), .expect(at: 0, .full(1)), .fails(at: 0), .expect(at: 100, .full(1)), .fails(at: 100),
                .expect(at: 300, .full(1)), .succeeds(at: 300), .submit(1, 2),
                .expect(at: 300, .incremental(1, 2, changed: 1)), .fails(at: 310), .expect(at: 310, .wait(until: 410)),
            ]),
        Scenario(
            name: "what comes while waiting for the retry is in it",
            steps: [
                .submit(0, 1), .expect(at: 0, .full(1)), .fails(at: 0), .submit(1, 2), .expect(at: 50, .wait(until: 100)),
                .submit(2, 3), .expect(at: 100, .full(3)), .succeeds(at: 101), .expect(at: 101, .idle),
            ]),
        Scenario(
            name: "a change that came while a step failed is in the full one",
            steps: [
                .submit(0, 1), .expect(at: 0, .full(1)), .submit(1, 2), .fails(at: 5), .expect(at: 105, .full(2)),
                .succeeds(at: 106), .expect(at: 106, .idle),
            ]),
        Scenario(
            name: "a full synchronisation that is asked for, once",
            minimumInterval: 50,
            steps: [
                .submit(0, 1), .expect(at: 0, .full(1)), .succeeds(at: 0), .requestFull,
                .expect(at: 10, .wait(until: 50)), .expect(at: 50, .full(1)), .succeeds(at: 51), .expect(at: 200, .idle),
            ]),
        Scenario(
            name: "a full synchronisation asked for during another comes after it",
            steps: [
                .submit(0, 1), .expect(at: 0, .full(1)), .requestFull, .expect(at: 0, .idle), .succeeds(at: 1),
                .expect(at: 1, .full(1)), .succeeds(at: 2), .expect(at: 2, .idle),
            ]),
        Scenario(
            name: "a full synchronisation takes the changes along",
            steps: [
                .submit(0, 1), .expect(at: 0, .full(1)), .succeeds(at: 0), .submit(1, 2), .requestFull,
                .expect(at: 1, .full(2)), .succeeds(at: 2), .submit(2, 3), .expect(at: 3, .incremental(2, 3, changed: 1)),
            ]),
        Scenario(
            name: "a full synchronisation asked for later comes then, changes before it go on their own",
            steps: [
                .submit(0, 1), .expect(at: 0, .full(1)), .succeeds(at: 0), .requestFullAt(100), .expect(at: 1, .wait(until: 100)),
                .submit(1, 2), .expect(at: 50, .incremental(1, 2, changed: 1)), .succeeds(at: 51),
                .expect(at: 52, .wait(until: 100)), .expect(at: 100, .full(2)), .succeeds(at: 101), .expect(at: 200, .idle),
            ]),
        Scenario(
            name: "requests for several times each hold: the later stand for what may come until then",
            steps: [
                .submit(0, 1), .expect(at: 0, .full(1)), .succeeds(at: 0), .requestFullAt(100), .requestFullAt(300),
                .requestFullAt(50), .expect(at: 0, .wait(until: 50)), .expect(at: 50, .full(1)), .succeeds(at: 51),
                .expect(at: 52, .wait(until: 100)), .expect(at: 350, .full(1)), .succeeds(at: 351), .expect(at: 400, .idle),
            ]),
        Scenario(
            name: "a full synchronisation for another reason does not do for one asked for later",
            steps: [
                .submit(0, 1), .expect(at: 0, .full(1)), .succeeds(at: 0), .requestFullAt(500), .submit(1, 2),
                .expect(at: 1, .incremental(1, 2, changed: 1)), .fails(at: 2), .expect(at: 102, .full(2)),
                .succeeds(at: 103), .expect(at: 104, .wait(until: 500)), .expect(at: 500, .full(2)), .succeeds(at: 501),
                .expect(at: 502, .idle),
            ]),
        Scenario(
            name: "a request does not wait for the end of the pause after a refusal",
            steps: [
                .submit(0, 1), .expect(at: 0, .full(1)), .succeeds(at: 0), .submit(1, 2),
                .expect(at: 1, .incremental(1, 2, changed: 1)), .fails(at: 2), .requestFullAt(10),
                .expect(at: 3, .wait(until: 10)), .expect(at: 10, .full(2)), .succeeds(at: 11), .expect(at: 12, .idle),
            ]),
        Scenario(
            name: "a full synchronisation comes by itself, counted from the last full one",
            fullInterval: 1000,
            steps: [
                .submit(0, 1), .expect(at: 0, .full(1)), .succeeds(at: 10), .expect(at: 11, .wait(until: 1010)),
                .submit(1, 2), .expect(at: 500, .incremental(1, 2, changed: 1)), .succeeds(at: 501),
                .expect(at: 502, .wait(until: 1010)), .expect(at: 1010, .full(2)), .succeeds(at: 1020),
                .requestFull, .expect(at: 1500, .full(2)), .succeeds(at: 1501), .expect(at: 2021, .wait(until: 2501)),
            ]),
        Scenario(
            name: "no full synchronisation comes by itself before the first",
            fullInterval: 1000, steps: [.expect(at: 5000, .idle)]),
        Scenario(
            name: "an end that nobody began is no matter",
            steps: [.succeeds(at: 0), .fails(at: 0), .submit(0, 1), .expect(at: 0, .full(1))]),
    ]

    @Test(arguments: scenarios) func paces(_ scenario: Scenario) {
        var pacer = SyncPacer(
            limits: .init(
                minimumInterval: .milliseconds(scenario.minimumInterval), firstRetry: .milliseconds(100),
                maximumRetry: .milliseconds(500), fullInterval: scenario.fullInterval.map { .milliseconds($0) }))
        for (index, step) in scenario.steps.enumerated() {
            switch step {
            case .submit(let old, let new):
                pacer.submit(Self.table(new).changes(from: Self.table(old)))
            case .requestFull: pacer.requestFull(.foreignChange)
            case .requestFullAt(let at): pacer.requestFull(.lostNotifications, at: .milliseconds(at))
            case .succeeds(let at): pacer.finished(succeeded: true, now: .milliseconds(at))
            case .fails(let at): pacer.finished(succeeded: false, now: .milliseconds(at))
            case .expect(let at, let expected):
                #expect(Self.seen(pacer.next(now: .milliseconds(at))) == expected, "step \(index): \(step)")
            }
        }
    }

    private static func seen(_ action: SyncPacer.Action) -> Expected {
        switch action {
        case .idle: .idle
        case .wait(let until): .wait(until: Int(until.components.seconds * 1000 + until.components.attoseconds / 1_000_000_000_000_000))
        case .full(let table, _): .full(table.count)
        case .incremental(let change): .incremental(change.old.count, change.new.count, changed: change.changed.count)
        }
    }

    @Test func namesTheReason() {
        var pacer = SyncPacer(limits: .init(firstRetry: .zero, fullInterval: .seconds(10)))
        func reason(at second: Int) -> SyncReason? {
            if case .full(_, let reason) = pacer.next(now: .seconds(second)) { reason } else { nil }
        }
        pacer.requestFull(.foreignChange)
        pacer.submit(Self.table(1).changes(from: Self.table(0)))
        #expect(reason(at: 0) == .start)
        pacer.finished(succeeded: false, now: .zero)
        #expect(reason(at: 0) == .start)
        pacer.finished(succeeded: true, now: .zero)
        #expect(reason(at: 1) == nil)
        pacer.requestFull(.foreignChange)
        #expect(reason(at: 1) == .foreignChange)
        pacer.finished(succeeded: false, now: .seconds(1))
        #expect(reason(at: 1) == .failure)
        pacer.finished(succeeded: true, now: .seconds(1))
        #expect(reason(at: 11) == .periodic)
    }

    @Test func countsWhatIsPending() {
        var pacer = SyncPacer()
        #expect(pacer.pendingCount == 0)
        pacer.submit(Self.table(3).changes(from: Self.table(0)))
        #expect(pacer.pendingCount == 3)
        _ = pacer.next(now: .zero)
        #expect(pacer.pendingCount == 0)
    }
}
