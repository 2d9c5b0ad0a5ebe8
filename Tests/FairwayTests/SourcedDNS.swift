import ClusterZone
import DNSForwarder
import DNSTesting
import DNSWire
import LinuxSystem
import Logging
import NetworkNamespaceTesting
import NetworkTypes
import Observability
import Synchronization

@testable import fairway

/// All of cluster DNS in this process, on a port of loopback, behind a scripted source; other names are asked of a
/// scripted upstream, which thereby knows what leaks.
struct SourcedDNS {
    private final class Clock: Sendable {
        let seconds = Mutex<Int64>(1_700_000_000)
    }

    let dns: DNSService
    let source: ScriptedSource
    let upstream: ScriptedUpstream
    let metrics: PrometheusMetrics
    private let clock: Clock

    /// Seconds since 1970 as the server sees them.
    var now: Int64 { clock.seconds.withLock { $0 } }

    func pass(seconds: Int64) { clock.seconds.withLock { $0 += seconds } }

    static func with(
        maximumStaleness: Duration? = nil, descriptorLimit: UInt64? = nil,
        upstream script: @escaping ScriptedUpstream.Script = Self.answering,
        _ body: (SourcedDNS) async throws -> Void
    ) async throws {
        try await ScriptedUpstream.with(script: script) { upstream in
            let made = try SourcedDNS(upstream, maximumStaleness, descriptorLimit)
            try await made.dns.listeners.bind(sharing: false)
            let serving = Task { try await made.dns.listeners.run() }
            let result: Result<Void, any Error>
            do { result = .success(try await body(made)) } catch { result = .failure(error) }
            serving.cancel()
            try await serving.value
            try result.get()
        }
    }

    static let answering: ScriptedUpstream.Script = { [.message($0.answer($0.address("192.0.2.1")))] }

    private init(_ upstream: ScriptedUpstream, _ maximumStaleness: Duration?, _ descriptorLimit: UInt64?) throws {
        guard let port = PortNumber(upstream.port), let domain = DomainName("cluster.local.") else {
            throw TestSupportError("no port")
        }
        let loopback = IPAddress(v4: 0x7F00_0001)
        let configuration = DNSConfiguration(
            listen: [SocketAddress(loopback, port: 0)], domain: domain,
            forwarding: .servers([UpstreamAddress(loopback, port: port)]), stubs: [], localAddresses: [],
            podNames: .insecure, timeToLive: 30, negativeTimeToLive: 5, cacheBytes: 0, answersSearchPath: false,
            answersAnyWithHINFO: false, workers: 1, logsQueries: false, nameErrorRate: 0,
            maximumStaleness: maximumStaleness, reverseRanges: [IPPrefix("10.96.0.0/12")].compactMap(\.self),
            nodeName: "node-a", stateDirectory: "")
        let clock = Clock()
        let dns = try DNSService(
            configuration, hostAddresses: [], logger: Logger(label: "dns") { _ in SwiftLogNoOpLogHandler() },
            descriptorLimit: descriptorLimit, clock: { clock.seconds.withLock { $0 } })
        let feed = NameFeed { dns.follow($0, $1, $2) }
        metrics = PrometheusMetrics(catalog: MetricCatalog.dns)
        DNSMetrics(service: dns).readAtScrape(metrics)
        source = ScriptedSource { _ = feed.apply($0) }
        (self.dns, self.upstream, self.clock) = (dns, upstream, clock)
    }

    /// The answer over UDP.
    func ask(_ name: String, _ type: RecordType = .a) async throws -> Message {
        let server = dns.listeners.bound[0]
        guard let name = DomainName(name) else { throw TestSupportError("\(name) is no name") }
        let query = DNSQuery(name, type, edns: EDNS(payloadSize: 1232))
        let answer = try await DedicatedThread.run(named: "ask") { try SocketDriver(server).message(query, over: .udp)?.message }
        guard let answer else { throw TestSupportError("no answer for \(name)") }
        return answer
    }

    /// What `/ready` says now.
    var ready: PageServer.Page { DNSPages.ready(dns.engine.readiness) }

    /// The line of a metric.
    func metric(_ name: String) -> String? {
        metrics.exposition().split(separator: "\n").first { $0.hasPrefix(name) }.map { String($0) }
    }
}

extension Message {
    /// The extended error's code (RFC 8914), nil without one.
    var extendedErrorCode: Int? {
        edns?.options.first { $0.code == EDNSOption.extendedError }.flatMap { option in
            option.data.count >= 2 ? Int(option.data[0]) << 8 | Int(option.data[1]) : nil
        }
    }
}
