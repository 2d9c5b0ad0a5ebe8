internal import DNSForwarder
internal import Observability

extension DNSMetrics {
    /// What other servers were asked, and what the cache did.
    func collectForwarder(_ metrics: PrometheusMetrics) {
        guard let statistics = service.forwarder?.statistics else { return }
        metrics.set("coredns_forward_max_concurrent_rejects_total", to: Double(statistics.rejects))
        for (reason, count) in [
            ("total", statistics.rejectsAtTotal), ("client", statistics.rejectsOfClients),
            ("waiters", statistics.rejectsOfWaiters), ("displaced", statistics.displaced),
        ] {
            metrics.set("fairway_dns_forward_rejects_total", [("reason", reason)], to: Double(count))
        }
        metrics.set("fairway_dns_forward_questions", to: Double(statistics.questionsInFlight))
        metrics.set("fairway_dns_forward_sockets", to: Double(statistics.sockets))
        metrics.set("fairway_dns_forward_withheld_queries_total", to: Double(statistics.withheldQueries))
        collect(statistics.cache, metrics)
        for upstream in statistics.upstreams { collect(upstream, metrics) }
    }

    private func collect(_ cache: CacheStatistics, _ metrics: PrometheusMetrics) {
        let all = [("server", serverLabel), ("zones", "."), ("view", "")]
        func kind(_ type: String) -> [(String, String)] { all + [("type", type)] }
        metrics.set("coredns_cache_entries", kind("success"), to: Double(cache.successEntries))
        metrics.set("coredns_cache_entries", kind("denial"), to: Double(cache.denialEntries))
        metrics.set("coredns_cache_hits_total", kind("success"), to: Double(cache.successHits))
        metrics.set("coredns_cache_hits_total", kind("denial"), to: Double(cache.denialHits))
        metrics.set("coredns_cache_misses_total", all, to: Double(cache.misses))
        metrics.set("coredns_cache_requests_total", all, to: Double(cache.requests))
        metrics.set("coredns_cache_prefetch_total", all, to: Double(cache.prefetches))
        metrics.set("coredns_cache_drops_total", all, to: Double(cache.drops))
        metrics.set("coredns_cache_served_stale_total", all, to: Double(cache.servedStale))
        metrics.set("coredns_cache_evictions_total", kind("success"), to: Double(cache.evictions))
        metrics.set("fairway_dns_cache_bytes", to: Double(cache.bytes))
    }

    private func collect(_ upstream: UpstreamStatistics, _ metrics: PrometheusMetrics) {
        let to = ("to", upstream.upstream)
        metrics.set("coredns_forward_requests_total", [to], to: Double(upstream.requests))
        var all = [UInt64](repeating: 0, count: DurationCounts.bounds.count + 1)
        var sum = 0.0
        for (code, durations) in upstream.answers {
            let labels = [to, ("rcode", code.rawValue)]
            metrics.set("coredns_forward_responses_total", labels, to: Double(durations.count))
            metrics.setHistogram(
                "coredns_proxy_request_duration_seconds", labels + [("proxy_name", "forward")], counts: durations.buckets,
                sum: durations.sum)
            for (index, count) in durations.buckets.enumerated() { all[index] += count }
            sum += durations.sum
        }
        metrics.setHistogram("coredns_forward_request_duration_seconds", [to], counts: all, sum: sum)
        let connection = [to, ("proxy_name", "forward"), ("proto", "tcp")]
        metrics.set("coredns_proxy_conn_cache_hits_total", connection, to: Double(upstream.connectionHits))
        metrics.set("coredns_proxy_conn_cache_misses_total", connection, to: Double(upstream.connectionMisses))
    }
}
