import Dataplane
import ServiceTable
import Testing

struct SyncPacerLimitTests {
    /// What the pacer says next, in a word.
    private func next(_ pacer: inout SyncPacer, at time: Duration) -> String {
        switch pacer.next(now: time) {
        case .idle: "idle"
        case .wait(let until): "wait until \(until)"
        case .full: "full"
        case .incremental: "incremental"
        }
    }

    @Test func `other limits take effect at once, a new period from that moment on`() {
        var pacer = SyncPacer(limits: SyncPacer.Limits(fullInterval: .seconds(100)))
        pacer.submit(ServiceTableChange(old: ServiceTable(), new: ServiceTable(), changed: []))
        #expect(next(&pacer, at: .zero) == "full")
        pacer.finished(succeeded: true, now: .zero)
        #expect(next(&pacer, at: .seconds(1)) == "wait until \(Duration.seconds(100))")
        pacer.change(SyncPacer.Limits(fullInterval: .seconds(10)), now: .seconds(1))
        #expect(next(&pacer, at: .seconds(1)) == "wait until \(Duration.seconds(11))")
        pacer.change(SyncPacer.Limits(), now: .seconds(2))
        #expect(next(&pacer, at: .seconds(1000)) == "idle")
    }
}
