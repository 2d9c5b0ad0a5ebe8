/// The bounds of a forwarder, each with its reason.
public struct ForwarderLimits: Sendable, Hashable {
    /// Questions asked of upstreams at a time. Each holds one to a few sockets; 1 000 is kubeadm's `max_concurrent`.
    /// Beyond it a new question gets SERVFAIL and is counted as rejected.
    public var questionsInFlight = 1000
    /// Askers that wait for the same question; beyond it SERVFAIL, counted as rejected.
    public var waitersPerQuestion = 1000
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
}
