import KubernetesClient
import KubernetesModel
import LogTesting
import Synchronization
import Testing

@testable import fairway

extension FairwayTests {
    /// What reflectors tell, as lines.
    @Suite struct APINoticeLogTests {
        private static func forbidden(_ inARow: Int) -> ReflectorNotice {
            .failed(
                ReflectorFailure(
                    reason: "no rights", isNew: inARow == 1, inARow: inARow, retryIn: .seconds(1), concernsServer: false))
        }

        private static func away(_ inARow: Int) -> ReflectorNotice {
            .failed(ReflectorFailure(reason: "Connection refused", isNew: inARow == 1, inARow: inARow, retryIn: .seconds(1)))
        }

        /// Lines above the level debug: level, message and metadata.
        private func lines(_ body: (APINoticeLog, (Int64) -> Void) -> Void) -> [String] {
            let recorded = RecordedLog()
            let now = Mutex<Int64>(1_700_000_000)
            let log = APINoticeLog(logger: recorded.logger, clock: { now.withLock { $0 } })
            body(log) { seconds in now.withLock { $0 += seconds } }
            return recorded.entries.map { "\($0.level) \($0.text)" }
        }

        @Test func `what is refused to a kind that was never followed is told at once, and once`() {
            let told = lines { log, _ in for count in 1...4 { log.tell(Self.forbidden(count), .pod) } }
            #expect(told == ["warning Pod: no rights retryIn=1.0s"])
        }

        @Test func `a server that has only just begun may refuse what it allowed before`() {
            let told = lines { log, _ in
                log.tell(.following, .pod)
                for count in 1...5 { log.tell(Self.away(count), .pod) }
                for count in 6...7 { log.tell(Self.forbidden(count), .pod) }
                log.tell(.following, .pod)
            }
            #expect(told.count == 2 && !"\(told)".contains("no rights"), "\(told)")
            let lasting = lines { log, _ in
                log.tell(.following, .pod)
                for count in 1...5 { log.tell(Self.forbidden(count), .pod) }
            }
            #expect(lasting == ["warning Pod: no rights retryIn=1.0s"])
        }

        @Test func `loss and return name their time`() {
            let told = lines { log, pass in
                for kind in [ObjectKind.service, .node] { log.tell(.following, kind) }
                pass(100)
                for kind in [ObjectKind.service, .node] { log.tell(.lost(since: 1_700_000_060), kind) }
                for count in 1...3 { for kind in [ObjectKind.service, .node] { log.tell(Self.away(count), kind) } }
                pass(70)
                log.tell(Self.away(4), .node)
                for kind in [ObjectKind.service, .node] { log.tell(.following, kind) }
            }
            #expect(
                told == [
                    "warning the API server is lost, and what it told last is held on to: Connection refused since=2023-11-14T22:14:20Z",
                    "warning the API server is still not there: Connection refused lost=110s",
                    "info the API server is back lost=110s",
                ])
        }

        @Test func `at the start it is told that nothing is known, and why`() {
            let told = lines { log, pass in
                for count in 1...3 { log.tell(Self.away(count), .node) }
                pass(5)
                log.tell(.following, .node)
            }
            #expect(
                told == [
                    "warning nothing is known of the cluster yet: Connection refused", "info the API server answers after=5s",
                ])
        }

        @Test func `kinds that are followed no longer keep no outage going`() {
            let told = lines { log, _ in
                for kind in [ObjectKind.service, .node] { log.tell(.following, kind) }
                for kind in [ObjectKind.service, .node] { for count in 1...2 { log.tell(Self.away(count), kind) } }
                log.tell(.following, .service)
                log.forget([.service, .node])
            }
            #expect(told.last == "info the API server is back lost=0s")
        }

        @Test func `that nobody asks any more does not say that the server is back`() {
            let told = lines { log, _ in
                for kind in [ObjectKind.service, .node] { log.tell(.following, kind) }
                for kind in [ObjectKind.service, .node] { for count in 1...2 { log.tell(Self.away(count), kind) } }
                log.tell(.notReleased("Connection refused"), lease: ObjectKey(namespace: "kube-system", name: "fairway-controller"))
                log.forget([.service, .node])
            }
            #expect(!told.contains { $0.hasPrefix("info") }, "\(told)")
            #expect(told.last?.hasPrefix("warning the lease was not released") == true, "\(told)")
        }

        @Test func `the lease's failures join the server's, its refusals are told once, and who came first is no warning`() {
            let lease = ObjectKey(namespace: "kube-system", name: "fairway-controller")
            let told = lines { log, _ in
                log.tell(.answered, lease: lease)
                log.tell(.forestalled, lease: lease)
                for count in 1...3 { log.tell(.failed("Connection refused", inARow: count, concernsServer: true), lease: lease) }
                log.tell(.answered, lease: lease)
                for count in 1...3 { log.tell(.failed("no rights", inARow: count, concernsServer: false), lease: lease) }
            }
            #expect(
                told.map { String($0.prefix(28)) } == [
                    "warning the API server is lo", "info the API server is back ", "warning lease: no rights lea",
                ])
        }
    }
}
