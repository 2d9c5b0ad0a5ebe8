import FoundationEssentials
import KubernetesModel
import LinuxSystem
import NetworkNamespaceTesting

/// Changes at a rate, each from the server's write to the kernel's commit.
struct ChangeMeasurement {
    let bed: TestBed
    let node: Node
    let rate: Int
    let seconds: Int

    private var total: Int { rate * seconds }
    /// After the last change, for those that are still on their way.
    private static let grace = 15

    func run() async throws -> Report.Changes {
        let watch = try await node.namespace.inside { try CommitWatch() }
        let (daemon, server) = (node.process.pid, bed.server.pid)
        let before = (daemon: processorSeconds(of: daemon), server: processorSeconds(of: server))
        let count = total
        async let arrivals = DedicatedThread.run(named: "commits") { try watch.run(changes: count) }
        let started = wallClock()
        let end = Task {
            try await Task.sleep(for: .seconds(seconds + Self.grace))
            watch.end()
        }
        do {
            try await bed.ask(
                "testing/changes", body: "{\"resource\": \"endpointslices\", \"perSecond\": \(rate), \"seconds\": \(seconds)}",
                into: "/dev/null")
        } catch {
            watch.end()
            throw error
        }
        let seen = try await arrivals
        end.cancel()
        let taken = (seen.values.max() ?? started) - started
        let after = (daemon: processorSeconds(of: daemon), server: processorSeconds(of: server))
        let memory = try ResidentMemory(ofProcess: daemon)
        let written = try await writeTimes()
        let milliseconds = seen.compactMap { change, time in written[change].map { (time - $0) * 1000 } }
        guard !milliseconds.isEmpty else {
            throw MeasurementError(
                description: "\(node.way.rawValue): no change arrived\n" + node.process.lines.suffix(20).joined(separator: "\n"))
        }
        return Report.Changes(
            name: node.way.rawValue, perSecond: Double(written.count) / max(taken, 0.001), changes: total,
            arrived: milliseconds.count, p50Milliseconds: milliseconds.percentile(0.5),
            p99Milliseconds: milliseconds.percentile(0.99), maxMilliseconds: milliseconds.max() ?? 0, seconds: taken,
            processorSeconds: after.daemon - before.daemon, serverProcessorSeconds: after.server - before.server,
            residentMegabytes: Double(memory.currentBytes) / 1e6)
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
    private func writeTimes() async throws -> [Int: Double] {
        let file = "\(bed.folder)/slices.json"
        try await bed.ask("apis/discovery.k8s.io/v1/endpointslices", into: file)
        let slices = try JSONDecoder().decode(Slices.self, from: Data(contentsOf: URL(filePath: file)))
        var times: [Int: Double] = [:]
        for slice in slices.items {
            let parts = slice.endpoints?.first?.addresses.first?.split(separator: ".").compactMap { Int($0) } ?? []
            guard parts.count == 4, parts[0] == 10, parts[1] == 200,
                let text = slice.metadata.annotations?["endpoints.kubernetes.io/last-change-trigger-time"],
                let time = Timestamp(text)
            else { continue }
            times[parts[2] * 250 + parts[3] - 1] = time.inSeconds
        }
        return times
    }
}
