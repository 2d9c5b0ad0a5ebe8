package import DNSWire
package import NetworkTypes

/// Who asks most, and for what, over the last five to ten minutes, as far as samples tell.
package struct TopQueries: Sendable, Hashable {
    package struct Figure: Sendable, Hashable {
        /// Estimated.
        package var queries: UInt64 = 0
        /// By how much `queries` may be too high, beside what chance does to a sample.
        package var error: UInt64 = 0

        mutating func add(_ count: UInt64, _ error: UInt64, _ interval: UInt64) {
            queries += count * interval
            self.error += error * interval
        }
    }

    package struct Client: Sendable, Hashable {
        package var address: IPAddress
        package var figure: Figure
    }

    package struct Name: Sendable, Hashable {
        /// In lower case.
        package var name: DomainName
        package var figure: Figure
    }

    /// The most frequent first.
    package var clients: [Client]
    package var names: [Name]
    /// All queries of that time, estimated.
    package var queries: UInt64
    /// What all of this is estimated from.
    package var sampled: UInt64

    /// What several threads counted together.
    struct Sum {
        var clients: [IPAddress: Figure] = [:]
        var names: [DomainName: Figure] = [:]
        var queries: UInt64 = 0
        var sampled: UInt64 = 0
    }
}

extension ServerStatistics {
    /// The `limit` most frequent clients and names of several threads together. From any thread, without stopping these.
    package static func top(of statistics: [ServerStatistics], limit: Int) -> TopQueries {
        var sum = TopQueries.Sum()
        for one in statistics { one.sample.add(to: &sum) }
        // Equal ones in a stable order, so that two looks can be compared.
        let clients = sum.clients.map { TopQueries.Client(address: $0.key, figure: $0.value) }
            .sorted { ($1.figure.queries, $0.address) < ($0.figure.queries, $1.address) }
        let names = sum.names.map { (text: $0.key.description, TopQueries.Name(name: $0.key, figure: $0.value)) }
            .sorted { ($1.1.figure.queries, $0.text) < ($0.1.figure.queries, $1.text) }
        return TopQueries(
            clients: Array(clients.prefix(limit)), names: names.prefix(limit).map(\.1), queries: sum.queries,
            sampled: sum.sampled)
    }
}
