import FoundationEssentials
import LinuxSystem
import Measuring
import NetworkTypes

/// dnsperf on core 1.
struct Dnsperf {
    let port: UInt16
    let queries: String
    let overTCP: Bool
    let seconds: Int

    /// Sockets it asks from, and questions under way in all.
    private static let clients = 20
    private static let outstanding = 200

    private func arguments(_ more: [String]) -> [String] {
        [
            "dnsperf", "-s", "127.0.0.1", "-p", "\(port)", "-d", queries, "-l", "\(seconds)", "-c", "\(Self.clients)", "-T", "1",
            "-q", "\(Self.outstanding)", "-t", "2", "-m", overTCP ? "tcp" : "udp",
        ] + more
    }

    /// Answers a second as fast as they come, and how many came.
    func rate() throws -> (perSecond: Double, answers: Double) {
        let output = try ProcessRequest(path: "/usr/bin/taskset", arguments: ["-c", "1"] + arguments([]))
            .collectOutput(timeout: .seconds(seconds + 30))
        return (
            try Self.rate(in: output.standardOutput),
            try Self.figure("Queries completed:", at: 2, in: output.standardOutput)
        )
    }

    /// Held to a rate; in milliseconds.
    func latency(atRate rate: Int) throws -> (p50: Double, p99: Double) {
        let folder = try WorkFolder()
        let process = try start(arguments(["-Q", "\(max(1, rate))", "-v"]), core: 1, folder: folder, log: "dnsperf.log")
        guard process.wait().isSuccess else { throw MeasurementError(description: "dnsperf failed") }
        let text = try Data(contentsOf: URL(filePath: folder.path + "/dnsperf.log"))
        var samples: [Double] = []
        // "> NOERROR name. A 0.000123"
        for line in text.split(separator: UInt8(ascii: "\n")) where line.first == UInt8(ascii: ">") {
            guard let last = line.split(separator: UInt8(ascii: " ")).last,
                let value = Double(String(decoding: last, as: UTF8.self))
            else { continue }
            samples.append(value * 1000)
        }
        guard !samples.isEmpty else { throw MeasurementError(description: "dnsperf -v printed no latency") }
        return (samples.percentile(0.5), samples.percentile(0.99))
    }

    static func rate(in text: String) throws -> Double { try figure("Queries per second:", at: 3, in: text) }

    /// A word of the line that has the label.
    private static func figure(_ label: String, at index: Int, in text: String) throws -> Double {
        guard let words = text.split(separator: "\n").first(where: { $0.contains(label) })?.split(separator: " "),
            words.count > index, let value = Double(words[index])
        else { throw MeasurementError(description: "dnsperf printed no \(label) \(text)") }
        return value
    }
}
