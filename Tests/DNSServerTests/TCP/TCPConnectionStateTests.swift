import NIOCore
import Testing

@testable import DNSServer

/// What follows from what happens to a connection, with the time told: no sockets.
@Suite struct TCPConnectionStateTests {
    enum Event: Sendable {
        case took, forwarded, answered, queued(Int), sent(Int), inputEnded, stop, oversized, finish(TCPCloseReason)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// Each with the time in milliseconds.
        var events: [(Int64, Event)]
        var settled: TCPConnectionState.Step
        var wantsRead: Bool
        /// Milliseconds, and what happens then.
        var deadline: Int64?
        var expired: TCPConnectionState.Step = .stay
    }

    private static func time(_ milliseconds: Int64) -> NIODeadline { .uptimeNanoseconds(0) + .milliseconds(milliseconds) }

    private static var limits: TCPLimits {
        var limits = TCPLimits()
        limits.outstandingQueries = 2
        limits.queuedBytes = 100
        limits.queriesPerConnection = 3
        return limits
    }

    static let rows: [Row] = [
        Row(testDescription: "new: a first query is awaited", events: [], settled: .stay, wantsRead: true,
            deadline: 3000, expired: .finish(.noQuery)),
        Row(testDescription: "answered at once: idle from then on", events: [(5, .took), (5, .queued(40)), (6, .sent(40))],
            settled: .stay, wantsRead: true, deadline: 10006, expired: .finish(.idle)),
        Row(testDescription: "waiting for other servers has no deadline", events: [(1, .took), (1, .forwarded)],
            settled: .stay, wantsRead: true, deadline: nil),
        Row(testDescription: "too many outstanding: not read",
            events: [(1, .took), (1, .forwarded), (1, .took), (1, .forwarded)],
            settled: .stay, wantsRead: false, deadline: nil),
        Row(testDescription: "one of them answered: read again",
            events: [(1, .took), (1, .forwarded), (1, .took), (1, .forwarded), (9, .answered)],
            settled: .stay, wantsRead: true, deadline: nil),
        Row(testDescription: "answers not taken: not read, and cut off when nothing moves",
            events: [(1, .took), (1, .queued(60)), (2, .queued(60))],
            settled: .stay, wantsRead: false, deadline: 5001, expired: .close(.slowReader)),
        Row(testDescription: "some taken: the write time begins anew",
            events: [(1, .took), (1, .queued(60)), (2, .queued(60)), (900, .sent(60))],
            settled: .stay, wantsRead: true, deadline: 5900, expired: .close(.slowReader)),
        Row(testDescription: "input ended with nothing outstanding: closed", events: [(4, .inputEnded)],
            settled: .close(.finished), wantsRead: false, deadline: 3000, expired: .finish(.noQuery)),
        Row(testDescription: "half closed while an answer is awaited: stays",
            events: [(1, .took), (1, .forwarded), (2, .inputEnded)], settled: .stay, wantsRead: false, deadline: nil),
        Row(testDescription: "half closed while an answer is sent: stays",
            events: [(1, .took), (1, .queued(9)), (2, .inputEnded)], settled: .stay, wantsRead: false, deadline: 5001,
            expired: .close(.slowReader)),
        Row(testDescription: "half closed, the last answer sent: closed",
            events: [(1, .took), (1, .forwarded), (2, .inputEnded), (3, .answered), (3, .queued(9)), (4, .sent(9))],
            settled: .close(.finished), wantsRead: false, deadline: 10004, expired: .finish(.idle)),
        Row(testDescription: "its number of queries, but busy: stays",
            events: [(1, .took), (1, .took), (1, .took), (1, .forwarded)], settled: .stay, wantsRead: true, deadline: nil),
        Row(testDescription: "its number of queries, idle: ended",
            events: [(1, .took), (1, .took), (1, .took)], settled: .finish(.queryLimit), wantsRead: true,
            deadline: 10001, expired: .finish(.idle)),
        Row(testDescription: "stopping: ended after a quiet moment", events: [(1, .took), (7, .stop)],
            settled: .stay, wantsRead: true, deadline: 57, expired: .finish(.stopped)),
        Row(testDescription: "stopping with a query outstanding: waits for it",
            events: [(1, .took), (1, .forwarded), (7, .stop)], settled: .stay, wantsRead: true, deadline: nil),
        Row(testDescription: "stopping, a query came and was answered: quiet from then on",
            events: [(7, .stop), (30, .took), (30, .queued(9)), (31, .sent(9))],
            settled: .stay, wantsRead: true, deadline: 81, expired: .finish(.stopped)),
        Row(testDescription: "oversized: nothing more is taken, ended at once when quiet", events: [(1, .oversized)],
            settled: .finish(.oversized), wantsRead: false, deadline: 3000, expired: .finish(.noQuery)),
        Row(testDescription: "oversized with a query outstanding: that is answered first",
            events: [(1, .took), (1, .forwarded), (1, .oversized)], settled: .stay, wantsRead: false, deadline: nil),
        Row(testDescription: "ended: what comes is thrown away until the client ends too",
            events: [(1, .took), (20, .finish(.idle))], settled: .stay, wantsRead: true, deadline: 1020,
            expired: .close(.idle)),
        Row(testDescription: "ended, and the client ended: closed with the reason it was ended for",
            events: [(1, .took), (20, .finish(.idle)), (21, .inputEnded)], settled: .close(.idle), wantsRead: false,
            deadline: 1020, expired: .close(.idle)),
    ]

    @Test(arguments: rows) func `what follows from what happened`(row: Row) {
        var state = TCPConnectionState(limits: Self.limits, now: Self.time(0))
        for (time, event) in row.events { apply(event, at: Self.time(time), to: &state) }
        #expect(state.settled() == row.settled)
        #expect(state.wantsRead == row.wantsRead)
        #expect(state.deadline == row.deadline.map(Self.time))
        guard let deadline = state.deadline else { return }
        #expect(state.expired(now: deadline - .nanoseconds(1)) == .stay)
        #expect(state.expired(now: deadline) == row.expired)
    }

    private func apply(_ event: Event, at now: NIODeadline, to state: inout TCPConnectionState) {
        switch event {
        case .took: state.took(now: now)
        case .forwarded: state.forwarded()
        case .answered: state.answered(now: now)
        case .queued(let count): state.queued(count, now: now)
        case .sent(let count): state.sent(count, now: now)
        case .inputEnded: state.endInput()
        case .stop: state.stop(now: now)
        case .oversized: state.endWhenQuiet(.oversized)
        case .finish(let reason): state.finish(reason, now: now)
        }
    }
}
