import Conntrack
import DataplaneTesting
import LinuxSystem
import Netlink
import NetworkNamespaceTesting
import NetworkTypes
import ServiceTable
import Testing

@Suite(.enabled(if: Requirement.root, "needs root: makes network namespaces"), .timeLimit(.minutes(1)))
struct ConntrackRunnerTests {
    private static func table(_ backends: [String]) -> ServiceTable {
        .of([
            .named(
                "dns", .udp, cluster: backends.map { .at($0) },
                frontends: [
                    .clusterIP("10.96.0.53", 53, OriginVerdicts(all: backends.isEmpty ? .reject : .cluster))
                ])
        ])
    }

    private static let (a, b, c) = ("10.244.0.10:53", "10.244.0.11:53", "10.244.0.12:53")

    /// Runs a runner over a namespace that has one flow to each of three pods and one of a former
    /// Service, and returns where flows go afterwards.
    private func left(_ steps: @escaping @Sendable (ConntrackRunner) -> Void) async throws -> [String] {
        let network = TestNetwork()
        defer { network.close() }
        let namespace = try network.addNamespace("node")
        try await namespace.inside {
            try ConntrackSocket().insert(
                [Self.a, Self.b, Self.c].enumerated().map {
                    flow(.udp, "10.96.0.53:53", to: $1, client: UInt16(7000 + $0))
                } + [flow(.udp, "10.96.0.99:53", to: Self.a, client: 7009)])
        }
        let (outcomes, feed) = AsyncStream<ConntrackRunner.Outcome>.makeStream()
        let runner = ConntrackRunner(flows: StaleFlows(closesTCP: false)) { feed.yield($0) }
        steps(runner)
        async let ended: Void = namespace.inside { runner.run(try FlowSweeper(closesTCP: false)) }
        for await outcome in outcomes {
            _ = try outcome.result.get()
            if outcome.family == .ipv4 { break }
        }
        runner.stop()
        try await ended
        return try await namespace.inside {
            var places: [String] = []
            try ConntrackSocket().forEachEntry(matching: ConntrackFilter(family: .ipv4)) {
                places.append("\($0.original.destination) \($0.reply.source)")
            }
            return places.sorted()
        }
    }

    @Test("steps that were committed before it began are carried out together")
    func merged() async throws {
        let left = try await left { runner in
            let tables = [[Self.a, Self.b], [Self.b], [Self.b, Self.c]].map { Self.table($0) }
            runner.committed(tables[1].changes(from: tables[0]), family: .ipv4)
            // No sweep of its own, but it makes a flow good that the sweep before found stale.
            runner.committed(tables[2].changes(from: tables[1]), family: .ipv4)
        }
        #expect(left == ["10.96.0.53 10.244.0.11", "10.96.0.53 10.244.0.12", "10.96.0.99 10.244.0.10"])
    }

    @Test("flows to a place of the table that is being committed are spared")
    func announced() async throws {
        let left = try await left { runner in
            let (old, new) = (Self.table([Self.a]), Self.table([Self.b]))
            runner.announce(Self.table([Self.c]))
            runner.committed(new.changes(from: old), family: .ipv4)
        }
        #expect(left == ["10.96.0.53 10.244.0.11", "10.96.0.53 10.244.0.12", "10.96.0.99 10.244.0.10"])
    }

    @Test("after an unknown state the whole table is looked at, and what an earlier process served")
    func wholeTable() async throws {
        let left = try await left { runner in
            runner.adopt([FrontendKey(family: .ipv4, destination: .address(.text("10.96.0.99")), protocol: .udp, port: 53)])
            runner.committedAll(Self.table([Self.b]), family: .ipv4)
        }
        #expect(left == ["10.96.0.53 10.244.0.11"])
    }

    @Test("a second full synchronisation finds the Services that went in between")
    func secondFull() async throws {
        let left = try await left { runner in
            runner.committedAll(Self.table([Self.a, Self.b, Self.c]), family: .ipv4)
            runner.committedAll(ServiceTable(), family: .ipv4)
        }
        #expect(left == ["10.96.0.99 10.244.0.10"])
    }
}
