import FoundationEssentials
import LinuxSystem
import Measuring
import NetworkNamespaceTesting
import NetworkTypes

/// What is wrong with one of a Service's three backends.
enum Fault: String, CaseIterable {
    case none
    /// Nobody listens at its port: it answers with a reset.
    case refusing
    /// It drops every packet to its port.
    case silent

    /// At the ClusterIP and at the proxies' address.
    var frontend: PortNumber {
        switch self {
        case .none: 80
        case .refusing: 81
        case .silent: 82
        }
    }

    /// At the pods.
    var port: PortNumber {
        switch self {
        case .none: 8080
        case .refusing: 8081
        case .silent: 8082
        }
    }

    /// Connections that the client has under way. Those to a silent backend wait, and do not disturb each other.
    var width: Int { self == .silent ? 64 : 1 }
}

/// Three pods behind a Service for each fault; the third pod is the one that has it. Backends take turns.
struct FailureMeasurement {
    let programs: Programs
    let ways: [Way]
    let rounds: Int
    let connections: Int

    private struct Round {
        var result: FirstByteProbe.Result
        /// Nil where the way does not count them.
        var retried: Int?
    }

    func run() async throws -> [FailureRow] {
        let bed = try await TestBed.make(
            services: Fault.allCases.count, programs: programs,
            servers: [Fault.allCases, Fault.allCases, [.none, .silent]].map { $0.map(\.port) }
        ) { pods in
            Fault.allCases.map { fault in
                Frontend(name: fault.rawValue, port: fault.frontend, target: fault.port, carriesStreams: false, backends: pods)
            }
        }
        defer { bed.close() }
        try await dropPackets(to: Fault.silent.port, of: bed.topology.pods[3])
        var samples = [[[Round]]](repeating: .init(repeating: [], count: Fault.allCases.count), count: ways.count)
        for round in 0..<rounds {
            for index in ways.indices.turned(round) {
                for (fault, measured) in try await measure(ways[index], bed).enumerated() {
                    samples[index][fault].append(measured)
                }
            }
        }
        return zip(ways, samples).flatMap { way, samples in
            zip(Fault.allCases, samples).map { fault, rounds in row(way, fault, rounds) }
        }
    }

    private func dropPackets(to port: PortNumber, of pod: ServiceTopology.Pod) async throws {
        let rules = "table ip silence { chain input { type filter hook input priority 0; tcp dport \(port) drop; }; }\n"
        let output = try await pod.namespace.run(["nft", "-f", "-"], input: rules)
        guard output.status.isSuccess else { throw MeasurementError(description: "nft: \(output)") }
    }

    /// Each fault once, in one life of the relay.
    private func measure(_ way: Way, _ bed: TestBed) async throws -> [Round] {
        try await bed.with(way) { _ in
            var measured: [Round] = []
            for (index, fault) in Fault.allCases.enumerated() {
                let before = try await bed.retries(way, fault.rawValue)
                let data = try await bed.probe(
                    way, "first-byte-probe", index, ["\(connections)", "\(fault.width)"], seconds: connections / 10)
                let after = try await bed.retries(way, fault.rawValue)
                measured.append(
                    Round(
                        result: try JSONDecoder().decode(FirstByteProbe.Result.self, from: data),
                        retried: after.flatMap { after in before.map { after - $0 } }))
            }
            return measured
        }
    }

    /// As many as were retried, the slowest of all: whichever they were, none of their percentiles is above these.
    private func row(_ way: Way, _ fault: Fault, _ rounds: [Round]) -> FailureRow {
        let slowest = rounds.compactMap { round in
            round.retried.flatMap { $0 > 0 ? Latency(of: round.result.microseconds.sorted().suffix($0)) : nil }
        }
        let retried = rounds.compactMap { $0.retried.map { Double($0) } }
        return FailureRow(
            way: way.rawValue, fault: fault.rawValue, connections: connections * rounds.count,
            underWay: fault.width, failed: rounds.map(\.result.failed).reduce(0, +),
            firstFailure: rounds.compactMap(\.result.firstFailure).first,
            retried: retried.isEmpty ? nil : Int(retried.reduce(0, +)),
            firstByteMicroseconds: Latency(medians: rounds.map { Latency(of: $0.result.microseconds) }),
            retriedMicroseconds: slowest.isEmpty ? nil : Latency(medians: slowest))
    }
}
