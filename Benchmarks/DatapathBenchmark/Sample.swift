import FoundationEssentials
import LinuxSystem
import NetworkNamespaceTesting

/// One round of one way.
struct Sample {
    var newConnectionsPerSecond: Double
    var keptRequestsPerSecond: Double
    var gigabitsPerSecond: Double
    /// Nil where the way carries no UDP.
    var udpPacketsPerSecond: Double?
    var connectMicroseconds: Latency
}

struct Latency: Codable, Sendable {
    var p50: Double
    var p99: Double
    var p999: Double
}

extension TestBed {
    func sample(_ way: Way, seconds: Int, connects: Int) async throws -> Sample {
        Sample(
            newConnectionsPerSecond: try await requests(way, seconds: seconds, kept: false),
            keptRequestsPerSecond: try await requests(way, seconds: seconds, kept: true),
            gigabitsPerSecond: try await iperf(way, ["-t", "\(seconds)"]) { $0.end.sum_received?.bits_per_second ?? 0 } / 1e9,
            udpPacketsPerSecond: way == .haproxy
                ? nil : try await iperf(way, ["-u", "-b", "0", "-l", "64", "-t", "\(seconds)"], Self.packets),
            connectMicroseconds: try await latency(way, connects))
    }

    /// New connections a second, first and last tenth, of one client that never pauses.
    func reuse(_ way: Way, seconds: Int) async throws -> Report.Reuse {
        let tenth = max(1, seconds / 10)
        var rates: [Double] = []
        for _ in 0..<10 { rates.append(try await requests(way, seconds: tenth, kept: false)) }
        return Report.Reuse(
            way: way.rawValue, seconds: seconds, firstNewConnectionsPerSecond: rates.first ?? 0,
            lastNewConnectionsPerSecond: rates.last ?? 0, lowestNewConnectionsPerSecond: rates.min() ?? 0)
    }

    private func run(_ way: Way, _ command: [String], seconds: Int) async throws -> String {
        let output = try await client.namespace.run(
            way == .ebpfPackets ? command : inCgroup(command), timeout: .seconds(seconds + 60))
        guard output.status.isSuccess else {
            throw MeasurementError(description: "\(way.rawValue): \(command.joined(separator: " ")): \(output)")
        }
        return output.standardOutput
    }

    /// wrk, 32 connections.
    private func requests(_ way: Way, seconds: Int, kept: Bool) async throws -> Double {
        let (address, port) = http(way)
        let text = try await run(
            way,
            ["wrk", "-t", "1", "-c", "32", "-d", "\(seconds)s"] + (kept ? [] : ["-H", "Connection: close"])
                + ["http://\(address):\(port)/"], seconds: seconds)
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("Requests/sec:") }),
            let rate = line.split(separator: " ").last.flatMap({ Double($0) })
        else { throw MeasurementError(description: "wrk printed no rate: \(text)") }
        return rate
    }

    private struct IperfReport: Decodable {
        struct Sum: Decodable {
            var bits_per_second: Double?
            var packets: Double?
            var lost_packets: Double?
            var seconds: Double?
        }
        struct End: Decodable {
            var sum: Sum?
            var sum_received: Sum?
        }
        var end: End
    }

    /// Those that arrived.
    private static func packets(_ report: IperfReport) -> Double {
        guard let sum = report.end.sum, let packets = sum.packets, let seconds = sum.seconds, seconds > 0 else { return 0 }
        return (packets - (sum.lost_packets ?? 0)) / seconds
    }

    private func iperf(_ way: Way, _ options: [String], _ value: (IperfReport) -> Double) async throws -> Double {
        let (address, port) = stream(way)
        let text = try await run(way, ["iperf3", "-c", "\(address)", "-p", "\(port)", "-J"] + options, seconds: 10)
        return value(try JSONDecoder().decode(IperfReport.self, from: Data(text.utf8)))
    }

    /// This program again, as a client.
    private func latency(_ way: Way, _ count: Int) async throws -> Latency {
        let (address, port) = http(way)
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let text = try await run(way, [own, "connect-probe", "\(address)", "\(port)", "\(count)"], seconds: 60)
        return try JSONDecoder().decode(Latency.self, from: Data(text.utf8))
    }
}
