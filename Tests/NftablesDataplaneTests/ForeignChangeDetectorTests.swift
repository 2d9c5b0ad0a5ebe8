import Dataplane
import Netlink
import NetworkTypes
import Testing

@testable import NftablesDataplane

/// What the detector asks for: scenarios step by step. The generation is 10 at first, our port id 7.
@Suite struct ForeignChangeDetectorTests {
    private static let own: UInt32 = 7
    private static let stranger: UInt32 = 99

    enum Step: Sendable {
        case begins(at: UInt32)
        /// Our commit ended at this generation, and nothing is to be asked for.
        case ended(at: UInt32?)
        case endedAsking(at: UInt32?, [Ask])
        case told(NftablesEvent, asking: [Ask] = [], at: Int = 0)
        case lost(UInt32, asking: [Ask] = [], at: Int = 0)
    }

    /// What is asked for, and for which millisecond; nil: one asked for already does.
    struct Ask: Sendable, Hashable, CustomStringConvertible {
        let families: Set<IPFamily>
        let reason: SyncReason
        let due: Int?
        var description: String { "\(families.sorted()) \(reason) at \(due.map(String.init) ?? "-")" }

        static func changed(_ family: IPFamily, due: Int? = 0) -> Ask {
            Ask(families: [family], reason: .foreignChange, due: due)
        }
        static func lost(due: Int? = 0) -> Ask {
            Ask(families: Set(IPFamily.allCases), reason: .lostNotifications, due: due)
        }
    }

    struct Scenario: CustomTestStringConvertible, Sendable {
        let name: String
        let steps: [Step]
        var testDescription: String { name }
    }

    private static func change(
        _ object: NftablesEvent.Object = .elements, removal: Bool = false, family: UInt8 = 2,
        table: String = "fairway", by portID: UInt32 = stranger
    ) -> NftablesEvent {
        .changed(object, isRemoval: removal, family: family, table: table, name: "x", by: portID)
    }

    private static func commit(_ generation: UInt32, by portID: UInt32 = stranger) -> NftablesEvent {
        .generation(generation, processID: 4, processName: "nft", by: portID)
    }

    static let scenarios: [Scenario] = [
        Scenario(
            name: "our own commit, told",
            steps: [.begins(at: 10), .told(change(by: own)), .told(commit(11, by: own)), .ended(at: 11)]),
        Scenario(name: "our own commit, told late", steps: [.begins(at: 10), .ended(at: 11), .told(commit(11, by: own))]),
        Scenario(
            name: "our own commit, never told, then others",
            steps: [.begins(at: 10), .ended(at: 11), .told(commit(12)), .told(commit(13))]),
        Scenario(
            name: "our own refused commit", steps: [.begins(at: 10), .ended(at: nil), .told(commit(11)), .told(commit(12))]),
        Scenario(
            name: "a stranger's table, whatever its name or family",
            steps: [
                .told(change(table: "theirs")), .told(change(family: 1)), .told(change(.table, removal: true, family: 10, table: "mine")),
                .told(commit(11)),
            ]),
        Scenario(
            name: "a stranger deletes the table", steps: [
                .told(change(.chain, removal: true)), .told(change(.table, removal: true)),
                .told(commit(11), asking: [.changed(.ipv4)]),
            ]),
        Scenario(
            name: "a stranger adds an element", steps: [.told(change(family: 10)), .told(commit(11), asking: [.changed(.ipv6)])]),
        Scenario(
            name: "a stranger changes both families in one commit",
            steps: [
                .told(change(.rule, removal: true)), .told(change(family: 10)),
                .told(commit(11), asking: [.changed(.ipv4), .changed(.ipv6)]),
            ]),
        Scenario(
            name: "a stranger's commit between two of ours",
            steps: [
                .begins(at: 10), .ended(at: 11), .told(change()), .told(commit(12), asking: [.changed(.ipv4)]),
                .begins(at: 12), .ended(at: 13), .told(commit(13, by: own)),
            ]),
        Scenario(
            name: "a stranger's commit while ours waits for it",
            steps: [
                .begins(at: 10), .told(change()), .told(commit(11), asking: [.changed(.ipv4)]), .ended(at: 12),
                .told(commit(12, by: own)),
            ]),
        Scenario(
            name: "an overflow by our own commit, noticed after it",
            steps: [.begins(at: 10), .ended(at: 11), .lost(11), .told(commit(12))]),
        Scenario(
            name: "an overflow by our own commit, noticed during it",
            steps: [.begins(at: 10), .lost(11), .ended(at: 11), .told(commit(12))]),
        Scenario(
            name: "overflows during several commits of ours",
            steps: [
                .begins(at: 10), .ended(at: 11), .begins(at: 11), .lost(12), .ended(at: 12), .begins(at: 12), .lost(13),
                .lost(13), .ended(at: 13), .told(commit(13, by: own)), .told(commit(14)),
            ]),
        Scenario(
            name: "an overflow with nobody's commit to blame", steps: [.lost(10), .told(commit(11))]),
        Scenario(
            name: "an overflow with a stranger's commit before ours",
            steps: [.begins(at: 11), .lost(12), .endedAsking(at: 12, [.lost()]), .told(commit(13))]),
        Scenario(
            name: "an overflow with a stranger's commit after ours",
            steps: [.begins(at: 10), .ended(at: 11), .lost(12, asking: [.lost()]), .told(commit(12)), .told(commit(13))]),
        Scenario(
            name: "an overflow with a stranger's commit inside ours",
            steps: [.begins(at: 10), .lost(12), .endedAsking(at: 12, [.lost()])]),
        Scenario(
            name: "an overflow while our commit is refused",
            steps: [.begins(at: 10), .lost(11), .endedAsking(at: nil, [.lost()]), .told(commit(12))]),
        Scenario(
            name: "the end of a stranger's commit, told after its changes were lost",
            steps: [.begins(at: 10), .lost(11), .told(commit(11)), .endedAsking(at: 12, [.lost()])]),
        Scenario(
            name: "changes of a stranger whose end is lost",
            steps: [.told(change()), .lost(11, asking: [.changed(.ipv4), .lost()])]),
        Scenario(
            name: "a generation that nobody told of",
            steps: [.told(commit(12), asking: [.lost()]), .told(commit(13))]),
        Scenario(
            name: "a generation missing that turns out to be ours",
            steps: [.begins(at: 10), .told(commit(12)), .endedAsking(at: 12, [.lost()])]),
        Scenario(
            name: "a generation missing, ours, known when the next is told",
            steps: [.begins(at: 10), .ended(at: 11), .begins(at: 12), .told(commit(12)), .ended(at: 13)]),
        Scenario(
            name: "an end at a generation that could not be read",
            steps: [.begins(at: 10), .ended(at: nil), .told(commit(11, by: own)), .told(commit(12))]),
        Scenario(
            name: "an overflow of unknown extent", steps: [.told(.overflow, asking: [.lost()])]),
        Scenario(
            name: "overflows without end: further and further apart, at most one waiting",
            steps: [
                .lost(11, asking: [.lost(due: 0)], at: 0), .lost(12, asking: [.lost(due: 1000)], at: 10),
                .lost(13, asking: [.lost(due: nil)], at: 500), .lost(14, asking: [.lost(due: 3000)], at: 1010),
                .lost(15, asking: [.lost(due: 7000)], at: 3500), .lost(16, asking: [.lost(due: nil)], at: 6999),
                .lost(17, asking: [.lost(due: 15_000)], at: 7000),
            ]),
        Scenario(
            name: "an overflow after a long quiet time is answered at once",
            steps: [.lost(11, asking: [.lost(due: 0)], at: 0), .lost(12, asking: [.lost(due: 90_000)], at: 90_000)]),
        Scenario(
            name: "somebody who goes on changing costs a comparison in 800 ms",
            steps: [
                .told(change()), .told(commit(11), asking: [.changed(.ipv4, due: 0)], at: 0),
                .told(change()), .told(commit(12), asking: [.changed(.ipv4, due: 100)], at: 10),
                .told(change()), .told(commit(13), asking: [.changed(.ipv4, due: nil)], at: 20),
                .told(change()), .told(commit(14), asking: [.changed(.ipv4, due: 300)], at: 100),
                .told(change()), .told(commit(15), asking: [.changed(.ipv4, due: 700)], at: 301),
                .told(change()), .told(commit(16), asking: [.changed(.ipv4, due: 1500)], at: 701),
                .told(change()), .told(commit(17), asking: [.changed(.ipv4, due: 2300)], at: 1501),
                // The other family has a count of its own.
                .told(change(family: 10)), .told(commit(18), asking: [.changed(.ipv6, due: 1600)], at: 1600),
            ]),
    ]

    @Test("What is told and what is noted decides what is compared", arguments: scenarios)
    func decides(_ scenario: Scenario) {
        var detector = ForeignChangeDetector(ownPortID: Self.own, generation: 10)
        for (index, step) in scenario.steps.enumerated() {
            let (demands, expected): ([ForeignChangeDetector.Demand], [Ask])
            switch step {
            case .begins(let generation):
                detector.commitBegins(at: generation)
                continue
            case .ended(let generation):
                (demands, expected) = (detector.commitEnded(at: generation, now: .zero), [])
            case .endedAsking(let generation, let asked):
                (demands, expected) = (detector.commitEnded(at: generation, now: .zero), asked)
            case .told(let event, let asked, let time):
                (demands, expected) = (detector.told(event, now: .milliseconds(time)), asked)
            case .lost(let generation, let asked, let time):
                (demands, expected) = (detector.lost(generation: generation, now: .milliseconds(time)), asked)
            }
            let found = demands.map { demand in
                Ask(
                    families: demand.families, reason: demand.reason,
                    due: demand.compareAt.map { Int($0 / .milliseconds(1)) })
            }
            #expect(found == expected, "step \(index): \(step)")
        }
    }

    @Test("Generations go on after the largest with 1")
    func wrapsRound() {
        var detector = ForeignChangeDetector(ownPortID: Self.own, generation: .max - 1)
        #expect(detector.told(Self.commit(.max), now: .zero).isEmpty)
        detector.commitBegins(at: .max)
        #expect(detector.commitEnded(at: 1, now: .zero).isEmpty)
        #expect(detector.lost(generation: 1, now: .zero).isEmpty)
        #expect(detector.told(Self.commit(2), now: .zero).isEmpty)
        #expect(detector.lost(generation: 3, now: .zero).count == 1)
    }

    @Test("A change names its objects, the first few once each, and who made it")
    func namesChange() throws {
        var detector = ForeignChangeDetector(ownPortID: Self.own, generation: 10)
        for object in [NftablesEvent.Object.rule, .rule, .chain, .set, .elements, .other] {
            _ = detector.told(Self.change(object, removal: object != .chain), now: .zero)
        }
        let change = try #require(detector.told(Self.commit(11), now: .zero).first?.change)
        #expect(
            change.objects == [
                "rules of chain x removed", "chain x added or changed", "set x removed", "elements of set x removed",
            ])
        for object in [NftablesEvent.Object.rule, .table] {
            _ = detector.told(
                .changed(object, isRemoval: true, family: 2, table: "fairway", name: nil, by: Self.stranger), now: .zero)
        }
        #expect(detector.told(Self.commit(12), now: .zero).first?.change?.objects == ["table removed"])
        #expect(change.processName == "nft" && change.processID == 4 && change.family == .ipv4)
    }
}
