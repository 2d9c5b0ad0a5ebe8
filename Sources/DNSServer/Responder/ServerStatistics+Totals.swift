package import ClusterZone
package import DNSWire
package import NetworkTypes
internal import Synchronization

extension ServerStatistics {
    /// The sum over several threads.
    package struct Totals: Sendable, Hashable {
        package struct Request: Sendable, Hashable {
            package var section: ZoneSection
            package var transport: QueryTransport
            package var family: IPFamily
            /// Nil: any type that is not counted by itself (`other`).
            package var type: RecordType?
        }

        /// Buckets with their upper bounds, as Prometheus has them, not cumulated; the last is +Inf.
        package struct Histogram: Sendable, Hashable {
            package var bounds: [Double]
            package var counts: [UInt64]
            package var sum: Double

            init(bounds: [Double]) {
                self.bounds = bounds
                counts = [UInt64](repeating: 0, count: bounds.count + 1)
                sum = 0
            }

            mutating func add(_ value: Double) {
                counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
                sum += value
            }
        }

        package struct Path: Sendable, Hashable {
            package var section: ZoneSection
            package var transport: QueryTransport
        }

        package var requests: [Request: UInt64] = [:]
        package var responses: [ZoneSection: [ResponseCode: UInt64]] = [:]
        package var requestSizes: [Path: Histogram] = [:]
        package var responseSizes: [Path: Histogram] = [:]
        /// Seconds.
        package var durations: [ZoneSection: Histogram] = [:]
        package var dnssecOK: [ZoneSection: UInt64] = [:]
        package var truncated: [Path: UInt64] = [:]
        /// Requests that were not answered: no header, or a response.
        package var dropped: UInt64 = 0
        /// Handed to the forwarder.
        package var forwarded: UInt64 = 0
        /// Replies that the kernel refused: no way back, or a full queue.
        package var unsent: UInt64 = 0
        /// NXDOMAIN answers that clients beyond their limit did not get.
        package var withheldNameErrors: UInt64 = 0
        /// NXDOMAIN answers in whose place such clients got an empty truncated one.
        package var truncatedNameErrors: UInt64 = 0
        /// Questions that were answered with a name further on in the client's search path, or forwarded to look for one.
        package var searches: UInt64 = 0
    }

    package static func totals(of statistics: [ServerStatistics]) -> Totals {
        var totals = Totals()
        for one in statistics {
            one.add(to: &totals)
            totals.merge(one.forwardedReplies.withLock { $0 })
        }
        return totals
    }

    /// Counts the reply to a forwarded query. From any thread.
    package func countForwarded(
        _ request: ForwardRequest, responseCode: ResponseCode, byteCount: Int, truncated: Bool, duration: Duration
    ) {
        let section: ZoneSection = request.prefix.isEmpty ? .other : .cluster
        let path = Totals.Path(section: section, transport: request.transport)
        let seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
        forwardedReplies.withLock { totals in
            totals.responses[section, default: [:]][responseCode, default: 0] += 1
            totals.responseSizes[path, default: Totals.Histogram(bounds: Self.sizeBounds)].add(Double(byteCount))
            totals.durations[section, default: Totals.Histogram(bounds: Self.durationBounds)].add(seconds)
            if truncated { totals.truncated[path, default: 0] += 1 }
        }
    }

    /// Counts an NXDOMAIN answer to a forwarded query that its client did not get, or got as a truncated one. From any thread.
    func countForwardedNameError(truncated: Bool) {
        forwardedReplies.withLock { totals in
            if truncated { totals.truncatedNameErrors += 1 } else { totals.withheldNameErrors += 1 }
        }
    }

    private func add(to totals: inout Totals) {
        for section in ZoneSection.allCases {
            addSection(section, to: &totals)
            for transport in QueryTransport.allCases { addPath(section, transport, to: &totals) }
        }
        totals.dropped += words.value(Layout.dropped)
        totals.forwarded += words.value(Layout.forwarded)
        totals.unsent += words.value(Layout.unsent)
        totals.withheldNameErrors += words.value(Layout.withheldNameErrors)
        totals.truncatedNameErrors += words.value(Layout.truncatedNameErrors)
        totals.searches += words.value(Layout.searches)
    }

    private func addSection(_ section: ZoneSection, to totals: inout Totals) {
        for code in 0..<Layout.codeCount {
            let value = words.value(Layout.responses + Int(section.rawValue) * Layout.codeCount + code)
            guard value > 0 else { continue }
            totals.responses[section, default: [:]][ResponseCode(rawValue: UInt16(code)), default: 0] += value
        }
        let dnssecOK = words.value(Layout.dnssecOK + Int(section.rawValue))
        if dnssecOK > 0 { totals.dnssecOK[section, default: 0] += dnssecOK }
        let first = Layout.durations + Int(section.rawValue) * Layout.durationCount
        totals.durations.add(histogram(first, Self.durationBounds, Layout.durationCount, scale: 1e-9), at: section)
    }

    private func addPath(_ section: ZoneSection, _ transport: QueryTransport, to totals: inout Totals) {
        let index = Layout.path(section, transport)
        let path = Totals.Path(section: section, transport: transport)
        let truncated = words.value(Layout.truncated + index)
        if truncated > 0 { totals.truncated[path, default: 0] += truncated }
        for (first, keyPath) in [(Layout.requestSizes, \Totals.requestSizes), (Layout.responseSizes, \Totals.responseSizes)] {
            let sizes = histogram(first + index * Layout.sizeCount, Self.sizeBounds, Layout.sizeCount, scale: 1)
            totals[keyPath: keyPath].add(sizes, at: path)
        }
        for family in IPFamily.allCases {
            for type in 0..<Layout.typeCount {
                let value = words.value(
                    Layout.requests + (index * 2 + (family == .ipv4 ? 0 : 1)) * Layout.typeCount + type)
                guard value > 0 else { continue }
                let known = type < Self.types.count ? Self.types[type] : nil
                let request = Totals.Request(section: section, transport: transport, family: family, type: known)
                totals.requests[request, default: 0] += value
            }
        }
    }

    /// Nil where nothing was counted.
    private func histogram(_ first: Int, _ bounds: [Double], _ size: Int, scale: Double) -> Totals.Histogram? {
        var histogram = Totals.Histogram(bounds: bounds)
        for index in 0...bounds.count { histogram.counts[index] = words.value(first + index) }
        histogram.sum = Double(words.value(first + size - 1)) * scale
        return histogram.counts.contains { $0 > 0 } ? histogram : nil
    }
}

extension ServerStatistics.Totals {
    /// Adds what `countForwarded` counts.
    mutating func merge(_ other: Self) {
        for (section, codes) in other.responses {
            for (code, value) in codes { responses[section, default: [:]][code, default: 0] += value }
        }
        for (path, sizes) in other.responseSizes { responseSizes.add(sizes, at: path) }
        for (section, seconds) in other.durations { durations.add(seconds, at: section) }
        for (path, value) in other.truncated { truncated[path, default: 0] += value }
        withheldNameErrors += other.withheldNameErrors
        truncatedNameErrors += other.truncatedNameErrors
    }
}

extension Dictionary where Value == ServerStatistics.Totals.Histogram {
    fileprivate mutating func add(_ histogram: Value?, at key: Key) {
        guard let histogram else { return }
        guard var sum = self[key] else {
            self[key] = histogram
            return
        }
        for index in sum.counts.indices { sum.counts[index] += histogram.counts[index] }
        sum.sum += histogram.sum
        self[key] = sum
    }
}
