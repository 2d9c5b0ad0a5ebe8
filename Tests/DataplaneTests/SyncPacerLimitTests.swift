import Dataplane
import ServiceTable
import Testing

struct SyncPacerLimitTests {
    @Test func `other limits take effect at once, a new period from that moment on`() {
        var pacer = SyncPacer(limits: SyncPacer.Limits(fullInterval: .seconds(100)))
        pacer.submit(ServiceTableChange(old: ServiceTable(), new: ServiceTable(), changed: []))
        guard case .full = pacer.next(now: .zero) else { return Issue.record("the first is a full one") }
        pacer.finished(succeeded: true, now: .zero)
        guard case .wait(let late) = pacer.next(now: .seconds(1)) else { return Issue.record("nothing is due") }
        #expect(late == .seconds(100))
        pacer.change(SyncPacer.Limits(fullInterval: .seconds(10)), now: .seconds(1))
        guard case .wait(let soon) = pacer.next(now: .seconds(1)) else { return Issue.record("nothing is due") }
        #expect(soon == .seconds(11))
        pacer.change(SyncPacer.Limits(), now: .seconds(2))
        guard case .idle = pacer.next(now: .seconds(1000)) else { return Issue.record("there is no period any more") }
    }
}
