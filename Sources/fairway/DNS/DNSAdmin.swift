internal import ClusterZone
internal import DNSForwarder
internal import DNSServer
internal import DNSWire
internal import Glibc
internal import LinuxSystem
internal import NetworkTypes
internal import Observability

/// What the admin socket answers about names: `/v1/zone` and `/v1/dns`.
struct DNSAdmin: Sendable {
    static let paths: Set<String> = ["/v1/zone", "/v1/dns"]

    let service: DNSService

    /// Nil for what is somebody else's.
    func answer(_ request: AdminRequest) -> AdminResponse? {
        do {
            switch request.path {
            case "/v1/zone": return AdminResponse(body: try AdminJSON.bytes(RowList(items: rows(request.query["namespace"]))))
            case "/v1/dns": return AdminResponse(body: try AdminJSON.bytes(document))
            default: return nil
            }
        } catch {
            return AdminResponse(status: 500, contentType: "text/plain", text: "\(error)\n")
        }
    }

    /// Every record, or those below a namespace's names.
    private func rows(_ namespace: String?) -> [ZoneRow] {
        let suffixes = namespace.map { namespace in
            ["svc", "pod"].compactMap { DomainName("\(namespace).\($0).\(service.configuration.domain)") }
        }
        var rows: [ZoneRow] = []
        service.engine.publisher.zone.forEachRecord { record in
            if let suffixes, !suffixes.contains(where: { record.isAbout($0) }) { return }
            rows.append(
                ZoneRow(
                    name: record.name.description, ttl: record.timeToLive, class: record.recordClass.description,
                    type: record.type.description, data: "\(record.data)"))
        }
        return rows
    }

    private var document: DNSDocument {
        let zone = service.engine.publisher.zone
        let readiness = service.engine.readiness
        let totals = service.totals
        let (age, reason) = (readiness.age, readiness.reasonNotReady)
        let forwarding = service.forwarder?.statistics
        var codes: [String: UInt64] = [:]
        for counts in totals.responses.values { for (code, count) in counts { codes[code.description, default: 0] += count } }
        return DNSDocument(
            processID: getpid(), domain: service.configuration.domain.description,
            listeners: service.listeners.bound.map(\.description), zone: "\(zone.readiness)", ready: reason == nil,
            reason: reason, source: readiness.sourceText, dataAge: age.isFinite ? age : nil, names: zone.nameCount, pointers: zone.pointerCount,
            queries: totals.requests.values.reduce(0, +), responseCodes: codes, dropped: totals.dropped,
            truncated: totals.truncated.values.reduce(0, +), withheldNameErrors: totals.withheldNameErrors,
            truncatedNameErrors: totals.truncatedNameErrors, searches: totals.searches,
            queryLogDropped: service.queryLog?.dropped, tcpConnections: service.listeners.tcp.counters.open,
            cache: forwarding.map { Self.cache($0.cache) }, upstreams: forwarding?.upstreams.map(Self.upstream) ?? [],
            top: Self.top(service.topQueries(limit: Self.topLimit)))
    }

    /// Clients and names that are told.
    private static let topLimit = 10

    private static func top(_ top: TopQueries) -> DNSDocument.Top {
        func frequent(_ name: String, _ figure: TopQueries.Figure) -> DNSDocument.Frequent {
            DNSDocument.Frequent(name: name, queries: figure.queries, error: figure.error)
        }
        return DNSDocument.Top(
            clients: top.clients.map { frequent($0.address.description, $0.figure) },
            names: top.names.map { frequent($0.name.description, $0.figure) }, queries: top.queries, sampled: top.sampled)
    }

    private static func cache(_ cache: CacheStatistics) -> DNSDocument.Cache {
        DNSDocument.Cache(
            entries: cache.successEntries + cache.denialEntries, bytes: cache.bytes,
            hits: cache.successHits + cache.denialHits, misses: cache.misses)
    }

    private static func upstream(_ upstream: UpstreamStatistics) -> DNSDocument.Upstream {
        DNSDocument.Upstream(
            server: upstream.upstream, queries: upstream.requests, timeouts: upstream.timeouts,
            errors: upstream.networkErrors + upstream.malformed, roundTripMilliseconds: upstream.smoothedRoundTrip.map { $0 * 1000 })
    }
}

extension ResourceRecord {
    /// The owner is below a name, or it is a PTR that leads there.
    fileprivate func isAbout(_ domain: DomainName) -> Bool {
        if case .ptr(let target) = data { return target.isWithin(domain) }
        return name.isWithin(domain)
    }
}
