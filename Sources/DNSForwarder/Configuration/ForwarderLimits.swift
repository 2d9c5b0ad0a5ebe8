/// The bounds of a forwarder, each with its reason.
public struct ForwarderLimits: Sendable, Hashable {
    /// Questions asked of upstreams at a time. Each has a socket for certain, and further ones out of what is left of
    /// `sockets`; 1 000 is kubeadm's `max_concurrent`. Beyond it a client that has less than its equal part gets the
    /// place of the newest question of the client that has most, which gets SERVFAIL; others get SERVFAIL themselves.
    /// Both are counted as rejected.
    public var questionsInFlight = 1000
    /// Questions of one client at a time, so that a flood of one leaves room for others before the table is full, and
    /// none that wait for the event loop are more than that either; beyond it SERVFAIL at once, counted as rejected.
    public var questionsPerClient = 250
    /// Askers that wait for the same question; beyond it SERVFAIL, counted as rejected.
    public var waitersPerQuestion = 1000
    /// Askers of one client that do; beyond it SERVFAIL, counted as rejected.
    public var waitersPerClient = 250
    /// Datagram and TCP sockets at a time, over all questions: each is a descriptor. What is left beside one for each
    /// question is for further queries of the same question; when it is used up these wait, counted as withheld.
    public var sockets = 4096
    /// Connections to TLS upstreams at a time, beside `sockets`: each carries `queriesPerConnection`. Beyond it a query
    /// that needs one more fails.
    public var tlsConnections = 64
    /// With no socket left for a further query, the oldest of the same question is given up for it after so long.
    public var scarceAttemptTime: Duration = .seconds(1)
    /// Everything together, retries and TCP included. Below the 5 s after which glibc, musl and Go ask again.
    public var totalTime: Duration = .seconds(4)
    /// When an answer from the cache that has expired is better than to wait (RFC 8767 section 5: 1.8 s).
    public var staleAnswerTime: Duration = .milliseconds(1800)
    /// The shortest wait before a second upstream is asked.
    public var minimumHedge: Duration = .milliseconds(20)
    /// The longest.
    public var maximumHedge: Duration = .milliseconds(400)
    /// Before anything was measured.
    public var initialHedge: Duration = .milliseconds(200)
    /// Sent queries for one question at most, over all upstreams and transports.
    public var attempts = 10
    /// Answers that do not match, after which a query gives up UDP: somebody is guessing.
    public var mismatches = 32
    /// CNAME records followed for one question. CoreDNS follows 10; a loop ends here.
    public var aliases = 10
    /// A TLS connection that nobody used this long is closed.
    public var connectionIdleTime: Duration = .seconds(10)
    /// Queries under way on one TLS connection; more wait for no other, they open the next connection.
    public var queriesPerConnection = 256
    /// How long it is remembered that an upstream takes no EDNS.
    public var ednsMemory: Duration = .seconds(900)

    public init() {}

    /// Limits that keep to so many descriptors in all, 16 at least. Two thirds of them can be questions, so that the
    /// others are asked twice where an upstream is slow.
    public init(descriptors: Int) {
        let descriptors = max(16, descriptors)
        tlsConnections = min(tlsConnections, descriptors / 8)
        sockets = min(sockets, descriptors - tlsConnections)
        questionsInFlight = min(questionsInFlight, sockets * 2 / 3)
        questionsPerClient = max(1, questionsInFlight / 4)
    }
}
