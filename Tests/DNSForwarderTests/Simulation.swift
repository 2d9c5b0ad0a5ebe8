import DNSWire
import NetworkTypes
import RandomTesting
import Synchronization

@testable import DNSForwarder

/// A query as a simulated upstream sees it.
struct SimulatedQuery {
    let attempt: Attempt
    let message: Message
    var transport: AttemptTransport { attempt.transport }
    var question: Question { message.questions[0] }

    func answer(
        _ records: [ResourceRecord] = [], code: ResponseCode = .noError, authorities: [ResourceRecord] = [],
        flags: MessageFlags = []
    ) -> Message {
        Message(
            id: message.id, flags: [.response, .recursionAvailable, flags], responseCode: code,
            questions: message.questions, answers: records, authorities: authorities)
    }

    func address(_ text: String = "192.0.2.1", timeToLive: UInt32 = 60) -> Message {
        answer([record(question.name, text, timeToLive: timeToLive)])
    }
}

/// What a simulated upstream does, and when after the query.
enum SimulatedEvent {
    case reply(Message, after: Duration = .milliseconds(5))
    case bytes([UInt8], after: Duration = .milliseconds(5))
    case failure(after: Duration = .milliseconds(1))
}

/// A core with upstreams that are functions, in a time of its own: nothing waits, and everything repeats.
final class Simulation {
    typealias Upstream = (SimulatedQuery) -> [SimulatedEvent]

    struct Completion: Equatable {
        let asker: Int
        let at: Duration
        let answer: ForwardedAnswer
    }

    private enum Event {
        case wake(LookupID)
        case received([UInt8], AttemptID)
        case failed(AttemptID)
    }

    private(set) var core: ForwarderCore
    let cache: AnswerCache
    private(set) var now: Duration = .zero
    private(set) var sent: [(at: Duration, query: SimulatedQuery)] = []
    private(set) var completions: [Completion] = []
    private(set) var cancelled: Set<AttemptID> = []
    /// Queries sent and not given up: each has a socket.
    private(set) var open: Set<AttemptID> = []
    private(set) var mostOpen = 0
    private let upstreams: [Upstream]
    private var events: [(at: Duration, order: Int, event: Event)] = []
    private var order = 0
    private var askers = 0
    private let mailbox = Mailbox()

    private final class Mailbox: Sendable {
        let answers = Mutex<[(asker: Int, answer: ForwardedAnswer)]>([])
    }

    static func address(_ index: Int) -> UpstreamAddress {
        UpstreamAddress(IPAddress(v4: 0x0A00_0001 + UInt32(index)))
    }

    init(_ upstreams: Upstream..., seed: UInt64 = 1, configure: (inout ForwarderConfiguration) -> Void = { _ in }) {
        self.upstreams = upstreams
        var configuration = ForwarderConfiguration(upstreams: upstreams.indices.map(Self.address))
        configure(&configuration)
        cache = AnswerCache(policy: configuration.cache)
        core = ForwarderCore(configuration, cache: cache, random: SplitMix64(seed: seed))
    }

    /// - Returns: the asker's number.
    @discardableResult
    func ask(_ question: ForwardedQuestion, client: IPAddress? = nil) -> Int {
        askers += 1
        let (asker, mailbox) = (askers, mailbox)
        perform(
            core.resolve(question, client: client, { answer in mailbox.answers.withLock { $0.append((asker, answer)) } }, now: now))
        return asker
    }

    /// As `Forwarder.cached` does it.
    func cached(_ question: ForwardedQuestion) -> ForwardedAnswer? {
        guard let hit = cache.hit(question, now: now) else { return nil }
        if hit.wantsPrefetch { perform(core.prefetch(question, now: now)) }
        return hit.answer
    }

    func shutDown() { perform(core.shutDown()) }

    /// Lets everything happen that is due until then.
    func run(until end: Duration) {
        while let next = events.indices.min(by: { (events[$0].at, events[$0].order) < (events[$1].at, events[$1].order) }),
            events[next].at <= end
        {
            let (at, _, event) = events.remove(at: next)
            now = max(now, at)
            switch event {
            case .wake(let id): perform(core.wake(id, now: now))
            case .received(let bytes, let id): perform(core.received(bytes, on: id, now: now))
            case .failed(let id): perform(core.failed(id, now: now))
            }
        }
        now = max(now, end)
    }

    /// Asks, and runs until nothing is left to happen or ten seconds have passed.
    func answer(_ question: ForwardedQuestion) -> Completion? {
        let asker = ask(question)
        run(until: now + .seconds(10))
        return completions.first { $0.asker == asker }
    }

    private func perform(_ actions: [ForwarderAction]) {
        for action in actions {
            switch action {
            case .send(let attempt): send(attempt)
            case .cancel(let attempt):
                cancelled.insert(attempt)
                open.remove(attempt)
            case .wake(let lookup, let at):
                events.removeAll { if case .wake(lookup) = $0.event { true } else { false } }
                schedule(at, .wake(lookup))
            case .end(let lookup):
                events.removeAll { if case .wake(lookup) = $0.event { true } else { false } }
            case .complete(let waiters, let answer):
                for waiter in waiters { waiter(answer) }
            }
        }
        let arrived = mailbox.answers.withLock { answers in
            defer { answers = [] }
            return answers
        }
        completions += arrived.map { Completion(asker: $0.asker, at: now, answer: $0.answer) }
    }

    private func schedule(_ at: Duration, _ event: Event) {
        order += 1
        events.append((at, order, event))
    }

    private func send(_ attempt: Attempt) {
        guard let message = try? Message(decoding: attempt.query.bytes.span) else { return }
        let query = SimulatedQuery(attempt: attempt, message: message)
        sent.append((now, query))
        open.insert(attempt.id)
        mostOpen = max(mostOpen, open.count)
        for event in upstreams[attempt.upstream](query) {
            switch event {
            case .reply(let reply, let after): schedule(now + after, .received(reply.encoded(), attempt.id))
            case .bytes(let bytes, let after): schedule(now + after, .received(bytes, attempt.id))
            case .failure(let after): schedule(now + after, .failed(attempt.id))
            }
        }
    }
}

func question(_ name: String, _ type: RecordType = .a) -> ForwardedQuestion {
    ForwardedQuestion(question: Question(name: DomainName(name) ?? .root, type: type))
}

func record(_ name: String, _ address: String, timeToLive: UInt32 = 60) -> ResourceRecord {
    record(DomainName(name) ?? .root, address, timeToLive: timeToLive)
}

func record(_ name: DomainName, _ address: String, timeToLive: UInt32 = 60) -> ResourceRecord {
    ResourceRecord(name: name, timeToLive: timeToLive, data: .address(IPAddress(address) ?? IPAddress(v4: 0)))
}

func alias(_ name: String, _ target: String, timeToLive: UInt32 = 60) -> ResourceRecord {
    ResourceRecord(
        name: DomainName(name) ?? .root, timeToLive: timeToLive, data: .cname(DomainName(target) ?? .root))
}

func soa(_ zone: String, timeToLive: UInt32 = 300, minimum: UInt32 = 60) -> ResourceRecord {
    ResourceRecord(
        name: DomainName(zone) ?? .root, timeToLive: timeToLive,
        data: .soa(
            StartOfAuthority(
                primaryServer: .root, mailbox: .root, serial: 1, refresh: 1, retry: 1, expire: 1, minimum: minimum)))
}
