import FoundationEssentials
import KubernetesModel
import LinuxSystem
import Measuring
import NetworkNamespaceTesting
import NetworkTypes

/// One round of changes.
struct ChangeSample: Sendable {
    /// Of each change that was seen in a commit, the time from its write at the server.
    var milliseconds: [Double]
    var changes: Int
    /// From the first change to the last commit.
    var seconds: Double
    /// User and system time of the daemon in these seconds.
    var processorSeconds: Double
    var serverProcessorSeconds: Double
    var residentBytes: Int
}

/// Changes at a rate, each from the server's write to the kernel's commit.
struct ChangeMeasurement {
    let bed: TestBed
    let node: Node
    let rate: Int
    let seconds: Int

    /// After the last change, for those that are still on their way.
    private static let grace = 15

    func run() async throws -> ChangeSample {
        let watch = try await node.namespace.inside { try CommitWatch() }
        let (daemon, server) = (node.process.pid, bed.server.pid)
        let before = try (daemon: ProcessorTime.seconds(ofProcess: daemon), server: ProcessorTime.seconds(ofProcess: server))
        let numbers = bed.takeNumbers(rate * seconds)
        async let arrivals = DedicatedThread.run(named: "commits") { try watch.run(changes: numbers) }
        let started = wallClock()
        let end = Task {
            try await Task.sleep(for: .seconds(seconds + Self.grace))
            watch.end()
        }
        do {
            try await bed.ask(
                "testing/changes",
                body: "{\"resource\": \"endpointslices\", \"perSecond\": \(rate), \"seconds\": \(seconds), \"first\": \(numbers.lowerBound)}",
                into: "/dev/null")
        } catch {
            watch.end()
            throw error
        }
        let seen = try await arrivals
        end.cancel()
        let taken = (seen.values.max() ?? started) - started
        let after = try (daemon: ProcessorTime.seconds(ofProcess: daemon), server: ProcessorTime.seconds(ofProcess: server))
        let memory = try ResidentMemory(ofProcess: daemon)
        let written = try await writeTimes(of: numbers)
        let milliseconds = seen.compactMap { change, time in written[change].map { (time - $0) * 1000 } }
        guard !milliseconds.isEmpty else {
            throw MeasurementError(
                description: "\(node.way.rawValue): of \(numbers.count) changes the server wrote \(written.count) and none arrived\n"
                    + node.process.lines.suffix(20).joined(separator: "\n"))
        }
        return ChangeSample(
            milliseconds: milliseconds, changes: numbers.count, seconds: taken,
            processorSeconds: after.daemon - before.daemon, serverProcessorSeconds: after.server - before.server,
            residentBytes: memory.currentBytes)
    }

    private struct Slices: Decodable {
        struct Slice: Decodable {
            struct Metadata: Decodable { var annotations: [String: String]? }
            struct Endpoint: Decodable { var addresses: [String] }

            var metadata: Metadata
            var endpoints: [Endpoint]?
        }

        var items: [Slice]
    }

    /// Of each change the wall-clock time just before it was written, as the server leaves it in the slice for the node's
    /// own measure of this.
    private func writeTimes(of numbers: Range<Int>) async throws -> [Int: Double] {
        let file = "\(bed.folder)/slices.json"
        try await bed.ask("apis/discovery.k8s.io/v1/endpointslices", into: file)
        let slices = try JSONDecoder().decode(Slices.self, from: Data(contentsOf: URL(filePath: file)))
        var times: [Int: Double] = [:]
        for slice in slices.items {
            guard let address = slice.endpoints?.first?.addresses.first.flatMap({ IPAddress($0)?.v4 }),
                let number = CommitWatch.number(address), numbers.contains(number),
                let text = slice.metadata.annotations?["endpoints.kubernetes.io/last-change-trigger-time"],
                let time = Timestamp(text)
            else { continue }
            times[number] = time.inSeconds
        }
        return times
    }
}
