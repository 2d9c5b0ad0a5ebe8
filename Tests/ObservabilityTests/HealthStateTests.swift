import FoundationEssentials
import NetworkTypes
import Synchronization
import Testing

@testable import Observability

/// A clock that stands still until told.
final class ManualClock: Sendable {
    static let start = Date(timeIntervalSince1970: 1_770_000_000.5)
    private let origin = ContinuousClock.now
    private let elapsed = Mutex(Duration.zero)

    func advance(seconds: Int) {
        elapsed.withLock { $0 += .seconds(seconds) }
    }

    func now() -> HealthState.Moment {
        let elapsed = elapsed.withLock { $0 }
        return HealthState.Moment(
            monotonic: origin + elapsed,
            wall: Self.start.addingTimeInterval(Double(elapsed.components.seconds)))
    }
}

@Suite struct HealthStateTests {
    enum Step: Sendable {
        case queued(IPFamily), synced(IPFamily), failed(IPFamily), wait(Int)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let steps: [Step]
        let healthy: Bool
        /// Seconds from the start.
        let lastUpdated: Int
        var families: [IPFamily: Bool] = [:]
        let ready: Bool
        var testDescription: String { name }
    }

    /// The timeout is 60 s.
    static let cases: [Case] = [
        Case(name: "just started", steps: [.wait(5)], healthy: true, lastUpdated: 5, ready: false),
        Case(
            name: "nothing ever queued", steps: [.wait(9000)], healthy: true, lastUpdated: 9000, ready: false),
        Case(
            name: "first change not late yet", steps: [.queued(.ipv4), .wait(59)], healthy: true, lastUpdated: 59,
            families: [.ipv4: true], ready: false),
        Case(
            name: "first change late, never synced", steps: [.wait(2), .queued(.ipv4), .wait(60)], healthy: false,
            lastUpdated: 0, families: [.ipv4: false], ready: false),
        Case(
            name: "one family synced, the other not",
            steps: [.queued(.ipv4), .queued(.ipv6), .wait(1), .synced(.ipv4), .wait(1)], healthy: true,
            lastUpdated: 2, families: [.ipv4: true, .ipv6: true], ready: false),
        Case(
            name: "both synced", steps: [.queued(.ipv4), .queued(.ipv6), .synced(.ipv4), .synced(.ipv6), .wait(500)],
            healthy: true, lastUpdated: 500, families: [.ipv4: true, .ipv6: true], ready: true),
        Case(
            name: "one family late",
            steps: [.synced(.ipv4), .synced(.ipv6), .wait(10), .queued(.ipv6), .wait(60)], healthy: false,
            lastUpdated: 0, families: [.ipv4: true, .ipv6: false], ready: true),
        Case(
            name: "the oldest change counts, not the newest",
            steps: [.synced(.ipv4), .synced(.ipv6), .queued(.ipv4), .wait(40), .queued(.ipv4), .wait(30)],
            healthy: false, lastUpdated: 0, families: [.ipv4: false, .ipv6: true], ready: true),
        Case(
            name: "late, then synced", steps: [.synced(.ipv6), .queued(.ipv4), .wait(90), .synced(.ipv4), .wait(1)],
            healthy: true, lastUpdated: 91, families: [.ipv4: true, .ipv6: true], ready: true),
        Case(
            name: "failed once after a good sync", steps: [.synced(.ipv4), .synced(.ipv6), .wait(5), .failed(.ipv4)],
            healthy: true, lastUpdated: 5, families: [.ipv4: true, .ipv6: true], ready: false),
        Case(
            name: "failing for longer than the timeout",
            steps: [.synced(.ipv4), .synced(.ipv6), .wait(5), .failed(.ipv4), .wait(60), .failed(.ipv4)],
            healthy: false, lastUpdated: 0, families: [.ipv4: false, .ipv6: true], ready: false),
        Case(
            name: "failed, then synced",
            steps: [.failed(.ipv4), .wait(5), .synced(.ipv4), .synced(.ipv6)], healthy: true, lastUpdated: 5,
            families: [.ipv4: true, .ipv6: true], ready: true),
    ]

    @Test(arguments: cases) func rules(row: Case) {
        let clock = ManualClock()
        let health = HealthState(families: [.ipv4, .ipv6], healthTimeout: .seconds(60), clock: clock.now)
        for step in row.steps {
            switch step {
            case .queued(let family): health.queued(family)
            case .synced(let family): health.synced(family)
            case .failed(let family): health.failed(family, reason: "netlink: no space")
            case .wait(let seconds): clock.advance(seconds: seconds)
            }
        }
        let report = health.report()
        #expect(report.healthy == row.healthy)
        #expect(report.lastUpdated == ManualClock.start.addingTimeInterval(Double(row.lastUpdated)))
        #expect(report.status.mapValues(\.healthy) == row.families)
        #expect(health.reasonsNotReady().isEmpty == row.ready)
    }

    @Test func `readiness says why not, a line for each reason`() {
        let health = HealthState(families: [.ipv6, .ipv4], healthTimeout: .seconds(60))
        health.synced(.ipv4)
        health.failed(.ipv4, reason: "netlink: no space\nelement 10.0.0.1")
        #expect(
            health.reasonsNotReady() == [
                "IPv4: the last sync failed: netlink: no space element 10.0.0.1",
                "IPv6: the first sync is not committed yet",
            ])
    }

    @Test func `a single-stack node waits for its own family alone`() {
        let health = HealthState(families: [.ipv4], healthTimeout: .seconds(60))
        health.synced(.ipv4)
        #expect(health.reasonsNotReady() == [])
    }

    @Test func `the JSON is kube-proxy's`() {
        let clock = ManualClock()
        let health = HealthState(families: [.ipv4, .ipv6], healthTimeout: .seconds(60), clock: clock.now)
        health.synced(.ipv6)
        health.synced(.ipv4)
        clock.advance(seconds: 1)
        let status = """
            "status":{"IPv4":{"lastUpdated":"2026-02-02T02:40:00.500Z","healthy":true},\
            "IPv6":{"lastUpdated":"2026-02-02T02:40:00.500Z","healthy":true}}}
            """
        let times = #""lastUpdated":"2026-02-02T02:40:01.500Z","currentTime":"2026-02-02T02:40:01.500Z""#
        #expect(health.report().json(nodeEligible: false) == "{\(times),\"nodeEligible\":false,\"healthy\":true,\(status)")
        #expect(health.report().json() == "{\(times),\"healthy\":true,\(status)")
    }
}
