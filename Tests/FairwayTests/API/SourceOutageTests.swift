import KubernetesModel
import Testing

@testable import fairway

extension FairwayTests {
    /// Which lines an outage of an API server is worth.
    @Suite struct SourceOutageTests {
        typealias Line = SourceOutage.Line

        enum Step: Sendable {
            /// At this time an attempt of a kind failed, so many in a row.
            case failed(Int64, String, Int)
            case silent(Int64, String)
            case follows(Int64, String)
            case ends(Int64, String)
        }

        struct Case: Sendable, CustomTestStringConvertible {
            var testDescription: String
            var steps: [Step]
            var lines: [Line]
        }

        static let begun: [Step] = [.follows(0, "Service"), .follows(0, "Node")]
        static let cases: [Case] = [
            Case(
                testDescription: "an interruption that the next attempt ends is none",
                steps: begun + [.failed(100, "Service", 1), .failed(100, "Node", 1), .follows(101, "Node"), .follows(102, "Service")],
                lines: []),
            Case(
                testDescription: "one line when it is lost, one when all are back",
                steps: begun + [
                    .failed(100, "Service", 1), .failed(100, "Node", 1), .failed(101, "Node", 2), .failed(102, "Service", 2),
                    .failed(104, "Node", 3), .follows(110, "Node"), .follows(111, "Service"), .follows(120, "Service"),
                ],
                lines: [.lost(since: 100, reason: "Node 2"), .back(seconds: 11, wasKnown: true)]),
            Case(
                testDescription: "a line a minute while it lasts",
                steps: begun + (1...30).map { Step.failed(100 + Int64($0) * 10, "Node", $0) } + [.follows(405, "Node")],
                lines: [
                    .lost(since: 110, reason: "Node 2"), .still(seconds: 70, reason: "Node 8"),
                    .still(seconds: 130, reason: "Node 14"), .still(seconds: 190, reason: "Node 20"),
                    .still(seconds: 250, reason: "Node 26"), .back(seconds: 295, wasKnown: true),
                ]),
            Case(
                testDescription: "at the start the first failure is told",
                steps: [.failed(5, "Service", 1), .failed(5, "Node", 1), .follows(9, "Node"), .follows(10, "Service")],
                lines: [.lost(since: nil, reason: "Service 1"), .back(seconds: 5, wasKnown: false)]),
            Case(
                testDescription: "a watch that fell silent is told at once, since it was last heard",
                steps: begun + [.silent(250, "Node"), .follows(300, "Node")],
                lines: [.lost(since: 100, reason: "silence"), .back(seconds: 200, wasKnown: true)]),
            Case(
                testDescription: "a server that comes and goes is told of once a minute",
                steps: begun
                    + (0..<9).flatMap { round -> [Step] in
                        let time = 100 + Int64(round) * 10
                        return [.failed(time, "Node", 1), .failed(time + 1, "Node", 2), .follows(time + 5, "Node")]
                    },
                lines: [
                    .lost(since: 100, reason: "Node 2"), .back(seconds: 5, wasKnown: true),
                    .lost(since: 160, reason: "Node 2"), .back(seconds: 5, wasKnown: true),
                ]),
            Case(
                testDescription: "what is refused to one kind, or nobody asks for any more, keeps no outage going",
                steps: begun + [
                    .failed(100, "Service", 1), .failed(101, "Service", 2), .failed(101, "Node", 1), .ends(105, "Node"),
                    .follows(106, "Service"),
                ],
                lines: [.lost(since: 100, reason: "Service 2"), .back(seconds: 6, wasKnown: true)]),
            Case(
                testDescription: "a clock that is set back keeps nothing quiet",
                steps: begun + [.failed(1000, "Node", 1), .failed(1001, "Node", 2), .failed(500, "Node", 3)],
                lines: [.lost(since: 1000, reason: "Node 2"), .still(seconds: 0, reason: "Node 3")]),
        ]

        @Test(arguments: cases) func lines(_ it: Case) {
            var outage = SourceOutage()
            let lines = it.steps.compactMap { step -> Line? in
                switch step {
                case .failed(let now, let kind, let inARow):
                    outage.failed(kind, reason: "\(kind) \(inARow)", inARow: inARow, now: now)
                case .silent(let now, let kind):
                    outage.failed(kind, reason: "silence", since: now - 150, inARow: 1, isSilence: true, now: now)
                case .follows(let now, let kind): outage.follows(kind, now: now)
                case .ends(let now, let kind): outage.end(kind, now)
                }
            }
            #expect(lines == it.lines)
        }
    }
}
