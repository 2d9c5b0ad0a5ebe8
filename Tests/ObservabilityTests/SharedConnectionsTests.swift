import Testing

@testable import Observability

/// What is counted when listeners reach a limit; the limits themselves are tried with sockets in ``ServiceHealthServerTests``.
@Suite struct SharedConnectionsTests {
    private func open(_ count: Int, _ listener: ListenerConnections) {
        for _ in 0..<count { listener.connectionOpened() }
    }

    @Test func `a listener that is woken and finds no place has not paused anew`() {
        let shared = SharedConnections(limit: 1)
        let (first, second) = (ListenerConnections(shared, limit: 64), ListenerConnections(shared, limit: 64))
        open(SharedConnections.Limits.own + 1, first)
        open(SharedConnections.Limits.own, second)
        for _ in 0..<5 {
            let isAccepting = second.isAcceptingNewConnections()
            #expect(!isAccepting)
        }
        #expect(shared.counts.pauses == [.all: 1])

        // It goes on for one connection, and then pauses again.
        first.connectionClosed()
        let goesOn = second.isAcceptingNewConnections()
        #expect(goesOn)
        second.connectionOpened()
        for _ in 0..<5 {
            let isAccepting = second.isAcceptingNewConnections()
            #expect(!isAccepting)
        }
        #expect(shared.counts.pauses == [.all: 2])
    }

    @Test func `a pause is one at whatever limit it goes on`() {
        let shared = SharedConnections(limit: 1)
        let listener = ListenerConnections(shared, limit: SharedConnections.Limits.own + 2)
        open(SharedConnections.Limits.own + 2, listener)
        for _ in 0..<3 { _ = listener.isAcceptingNewConnections() }
        #expect(shared.counts.pauses == [.port: 1])

        // Under its own limit, and still at that of all.
        listener.connectionClosed()
        let isAccepting = listener.isAcceptingNewConnections()
        #expect(!isAccepting)
        #expect(shared.counts.pauses == [.port: 1])

        listener.connectionClosed()
        let goesOn = listener.isAcceptingNewConnections()
        #expect(goesOn)
        open(1, listener)
        _ = listener.isAcceptingNewConnections()
        #expect(shared.counts.pauses == [.port: 1, .all: 1])
    }
}
