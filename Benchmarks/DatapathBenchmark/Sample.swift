import FoundationEssentials
import Glibc
import LinuxSystem
import Measuring
import NetworkNamespaceTesting

/// One round of one way.
struct Sample {
    var newConnectionsPerSecond: Double
    var keptRequestsPerSecond: Double
    var requestMicrosecondsP99: Double
    var gigabitsPerSecond: Double
    var gigabitsPerSecond64: Double
    /// Of the relay's process, around the one stream; nil where there is none.
    var cpuSecondsPerGigabyte: Double?
    /// Nil where the way carries no UDP.
    var udpPacketsPerSecond: Double?
    var connectMicroseconds: Latency
}

struct Latency: Codable, Sendable {
    var p50: Double
    var p99: Double
    var p999: Double

    init(p50: Double, p99: Double, p999: Double) { (self.p50, self.p99, self.p999) = (p50, p99, p999) }

    init(of microseconds: [Double]) {
        self.init(
            p50: microseconds.percentile(0.5), p99: microseconds.percentile(0.99), p999: microseconds.percentile(0.999))
    }

    /// Medians of the rounds.
    init(medians rounds: [Latency]) {
        self.init(p50: rounds.map(\.p50).median, p99: rounds.map(\.p99).median, p999: rounds.map(\.p999).median)
    }
}

extension TestBed {
    /// What `sample` and `reuse` measure, in the order of the Services.
    private enum Served {
        static let http = 0
        static let stream = 1
    }

    func sample(_ way: Way, _ running: RunningWay, seconds: Int, connects: Int) async throws -> Sample {
        let new = try await requests(way, seconds: seconds, kept: false)
        let kept = try await requests(way, seconds: seconds, kept: true)
        let before = try running.processorSeconds()
        let stream = try await iperf(way, ["-t", "\(seconds)"]).end.sum_received
        let taken = try running.processorSeconds() - before
        let streams = try await iperf(way, ["-P", "64", "-t", "\(seconds)"]).end.sum_received
        let packets = way == .haproxy ? nil : try await iperf(way, ["-u", "-b", "0", "-l", "64", "-t", "\(seconds)"])
        return Sample(
            newConnectionsPerSecond: new.rate, keptRequestsPerSecond: kept.rate,
            requestMicrosecondsP99: kept.microsecondsP99,
            gigabitsPerSecond: (stream?.bits_per_second ?? 0) / 1e9,
            gigabitsPerSecond64: (streams?.bits_per_second ?? 0) / 1e9,
            cpuSecondsPerGigabyte: way.isRelay ? (stream?.bytes).flatMap { $0 > 0 ? taken / ($0 / 1e9) : nil } : nil,
            udpPacketsPerSecond: packets.map(\.packetsPerSecond), connectMicroseconds: try await latency(way, connects))
    }

    /// New connections a second, first and last tenth, of one client that never pauses.
    func reuse(_ way: Way, seconds: Int) async throws -> Report.Reuse {
        let tenth = max(1, seconds / 10)
        var rates: [Double] = []
        for _ in 0..<10 { rates.append(try await requests(way, seconds: tenth, kept: false).rate) }
        return Report.Reuse(
            way: way.rawValue, seconds: seconds, firstNewConnectionsPerSecond: rates.first ?? 0,
            lastNewConnectionsPerSecond: rates.last ?? 0, lowestNewConnectionsPerSecond: rates.min() ?? 0)
    }

    /// What a client of the way printed.
    func run(_ way: Way, _ command: [String], seconds: Int) async throws -> String {
        let output = try await client.namespace.run(
            way == .ebpfPackets ? command : inCgroup(command), timeout: .seconds(seconds + 60))
        guard output.status.isSuccess else {
            throw MeasurementError(description: "\(way.rawValue): \(command.joined(separator: " ")): \(output)")
        }
        return output.standardOutput
    }

    /// wrk, 32 connections.
    private func requests(_ way: Way, seconds: Int, kept: Bool) async throws -> WrkReport {
        let report = try WrkReport(
            try await run(
                way,
                ["wrk", "-t", "1", "-c", "32", "-d", "\(seconds)s", "--latency"] + (kept ? [] : ["-H", "Connection: close"])
                    + ["http://\(place(Served.http, way))/"], seconds: seconds))
        for fault in report.faults { tell("\(way.rawValue): wrk, \(kept ? "kept" : "new") connections: \(fault)") }
        return report
    }

    private func iperf(_ way: Way, _ options: [String]) async throws -> IperfReport {
        let place = place(Served.stream, way)
        let text = try await run(way, ["iperf3", "-c", "\(place.address)", "-p", "\(place.port)", "-J"] + options, seconds: 10)
        return try JSONDecoder().decode(IperfReport.self, from: Data(text.utf8))
    }

    /// This program again, as a client.
    func probe(_ way: Way, _ command: String, _ frontend: Int, _ options: [String], seconds: Int) async throws -> Data {
        let place = place(frontend, way)
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return Data(try await run(way, [own, command, "\(place.address)", "\(place.port)"] + options, seconds: seconds).utf8)
    }

    private func latency(_ way: Way, _ count: Int) async throws -> Latency {
        try JSONDecoder().decode(
            Latency.self, from: try await probe(way, "connect-probe", Served.http, ["\(count)"], seconds: 60))
    }
}

/// A line for people, beside the report.
func tell(_ line: String) {
    try? FileDescriptor(owning: dup(STDERR_FILENO)).writeAll(Array("\(line)\n".utf8))
}
