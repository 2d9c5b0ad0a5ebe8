internal import ClusterZone
internal import DNSForwarder
internal import DNSWire
internal import KubernetesModel
internal import LinuxSystem
internal import NetworkTypes
internal import Observability

extension DNSOptions {
    /// Where `fairway dns` answers when nothing is said: a port that needs no rights.
    static let standaloneAddress = "127.0.0.1:5300"

    private static let dnsPort: UInt16 = 53
    private static let timeToLiveLimit = 3600
    private static let workerLimit = 256

    /// The options as values, or one line that says which is wrong.
    func configuration(
        listeningAt addresses: [String], reverseRanges: [IPPrefix], nodeName: String, stateDirectory: String
    ) throws(CommandFailure) -> DNSConfiguration {
        var listen: [SocketAddress] = []
        for address in addresses { listen += try listenAddresses(address) }
        let domain = try domain(clusterDomain, "--cluster-domain")
        let (health, ready, metrics) = (
            try page(dnsHealthBindAddress, "--dns-health-bind-address", 8080),
            try page(dnsReadyBindAddress, "--dns-ready-bind-address", 8181),
            try page(dnsMetricsBindAddress, "--dns-metrics-bind-address", 9153)
        )
        try ListenAddress.requireDistinct([health, ready, metrics])
        return DNSConfiguration(
            listen: listen, domain: domain, forwarding: try forwarding(), stubs: try stubs(outside: domain), service: try service(),
            localAddresses: try dnsLocalAddress.map(localAddress), podNames: try podNames(),
            timeToLive: try seconds(dnsTtl, "--dns-ttl"),
            negativeTimeToLive: try seconds(dnsNegativeTtl, "--dns-negative-ttl"), cacheBytes: try cacheBytes(),
            answersSearchPath: dnsAutopath, answersAnyWithHINFO: dnsAnyHinfo, namespaces: try namespaces(),
            namespaceLabels: try selector(dnsNamespaceSelector, "--dns-namespace-selector"),
            labels: try selector(dnsLabels, "--dns-labels"), workers: try workers(), logsQueries: dnsQueryLog,
            nameErrorRate: try count(dnsNxdomainRate, "--dns-nxdomain-rate", 0...1_000_000),
            health: health, ready: ready, metrics: metrics,
            maximumStaleness: try staleness(), reverseRanges: reverseRanges, nodeName: nodeName,
            stateDirectory: stateDirectory)
    }

    /// `ADDR:PORT`; a bare address takes port 53, a bare port every address of both families.
    private func listenAddresses(_ text: String) throws(CommandFailure) -> [SocketAddress] {
        guard let parsed = try page(text, "--dns-bind-address", Self.dnsPort) else {
            throw .usage("--dns-bind-address is empty; give ADDR:PORT, or leave the option out")
        }
        return parsed.hosts.compactMap { IPAddress($0) }.map { SocketAddress($0, port: parsed.port) }
    }

    private func domain(_ text: String, _ flag: String) throws(CommandFailure) -> DomainName {
        // What Kubernetes takes for one: letters, digits and hyphens, and underscores as older clusters have them.
        let isPlain = text.utf8.allSatisfy { byte in
            switch UnicodeScalar(byte) {
            case "a"..."z", "A"..."Z", "0"..."9", "-", "_", ".": true
            default: false
            }
        }
        guard isPlain, let name = DomainName(text), !name.isRoot else {
            throw .usage(
                "\(flag) \"\(text)\": no domain name; write labels of letters, digits and hyphens with dots between, as cluster.local")
        }
        return name.lowercased
    }

    private func forwarding() throws(CommandFailure) -> DNSConfiguration.Forwarding {
        if dnsUpstream.isEmpty { return .resolvConf }
        if dnsUpstream.contains("none") {
            guard dnsUpstream.count == 1 else {
                throw .usage("--dns-upstream none cannot be combined with servers; give one or the other")
            }
            return .none
        }
        do throws(UpstreamSyntaxError) {
            var servers: [UpstreamAddress] = []
            for text in dnsUpstream { servers.append(try UpstreamAddress(text)) }
            return .servers(servers)
        } catch {
            throw .usage("--dns-upstream \(error)")
        }
    }

    private func stubs(outside cluster: DomainName) throws(CommandFailure) -> [StubDomain] {
        var stubs: [StubDomain] = []
        for text in dnsStub {
            let stub: StubDomain
            do throws(UpstreamSyntaxError) {
                stub = try StubDomain(text)
            } catch {
                throw .usage("--dns-stub \(error)")
            }
            guard !stub.domain.isWithin(cluster) else {
                throw .usage(
                    "--dns-stub \(text): \(stub.domain) belongs to --cluster-domain \(clusterDomain), whose names are never asked of others")
            }
            stubs.append(stub)
        }
        return StubDomain.merged(stubs)
    }

    private func service() throws(CommandFailure) -> ObjectKey? {
        guard let dnsService else { return nil }
        let parts = dnsService.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }) else {
            throw .usage("--dns-service \"\(dnsService)\": expected NAMESPACE/NAME, as kube-system/kube-dns")
        }
        return ObjectKey(namespace: String(parts[0]), name: String(parts[1]))
    }

    private func localAddress(_ text: String) throws(CommandFailure) -> IPAddress {
        guard let address = IPAddress(text), !address.isLoopback, !address.isMulticast, !address.isUnspecified else {
            throw .usage("--dns-local-address \"\(text)\": expected an address of its own, as 169.254.20.10")
        }
        return address
    }

    private func podNames() throws(CommandFailure) -> ZoneSettings.PodNames {
        guard let choice = ZoneSettings.PodNames(rawValue: dnsPods) else {
            throw .usage("--dns-pods \(dnsPods): expected insecure, verified or disabled")
        }
        return choice
    }

    private func seconds(_ value: Int, _ flag: String) throws(CommandFailure) -> UInt32 {
        UInt32(try count(value, flag, 0...Self.timeToLiveLimit))
    }

    private func count(_ value: Int, _ flag: String, _ range: ClosedRange<Int>) throws(CommandFailure) -> Int {
        guard range.contains(value) else {
            throw .usage("\(flag) \(value): expected \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    private func cacheBytes() throws(CommandFailure) -> Int {
        guard let bytes = ByteCountText.bytes(dnsCacheSize) else {
            throw .usage("--dns-cache-size \(dnsCacheSize): expected bytes, as 32Mi, 64M or 0")
        }
        return bytes
    }

    private func namespaces() throws(CommandFailure) -> Set<String>? {
        guard let dnsNamespaces else { return nil }
        let names = dnsNamespaces.split(separator: ",", omittingEmptySubsequences: false).map { String($0) }
        guard names.allSatisfy({ !$0.isEmpty }), dnsNamespaceSelector == nil else {
            throw .usage(
                dnsNamespaceSelector == nil
                    ? "--dns-namespaces \"\(dnsNamespaces)\": expected names with commas between, as default,shop"
                    : "--dns-namespaces and --dns-namespace-selector exclude each other; give one")
        }
        return Set(names)
    }

    private func selector(_ text: String?, _ flag: String) throws(CommandFailure) -> LabelSelector? {
        guard let text else { return nil }
        do throws(LabelSelectorSyntaxError) {
            return try LabelSelector(parsing: text)
        } catch {
            throw .usage("\(flag): \(error); write it as kubectl -l takes it, as tier=web")
        }
    }

    private func workers() throws(CommandFailure) -> Int {
        guard let dnsWorkers else { return min(Self.workerLimit, ProcessorCount.available) }
        return try count(dnsWorkers, "--dns-workers", 1...Self.workerLimit)
    }

    private func page(_ text: String, _ flag: String, _ port: UInt16) throws(CommandFailure) -> ListenAddress? {
        do throws(ListenError) {
            return try ListenAddress.parse(text, flag: flag, defaultPort: port)
        } catch {
            throw .usage("\(error)")
        }
    }

    private func staleness() throws(CommandFailure) -> Duration? {
        guard let duration = DurationText.parse(dnsMaxStaleness) else {
            throw .usage("--dns-max-staleness \(dnsMaxStaleness): expected a duration, as 10m, 90s or 0")
        }
        // Ages are known to the second.
        guard duration == .zero || duration >= .seconds(1) else {
            throw .usage("--dns-max-staleness \(dnsMaxStaleness): expected 1s or more, as 10m, or 0 for however old")
        }
        return duration == .zero ? nil : duration
    }
}
