import FoundationEssentials
import Glibc
import KubernetesModel
import LinuxSystem
import ManifestSource
import Measuring
import NetworkTypes
import ObjectStore
import Yams

/// How long a folder of manifests takes to become store events, and how much memory: Services and
/// slices of five endpoints, once as JSON Lists, once as YAML documents.
struct ManifestMeasurement {
    let count: Int
    let seed: UInt64

    struct Row: Codable, Sendable {
        var services: Int
        var slices: Int
        var format: String
        var bytes: Int
        var loadSeconds: Double
        var peakMegabytes: Double
    }

    struct Report: Codable, Sendable {
        var rows: [Row]
    }

    func run(json: Bool) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "fairway-manifests-\(getpid())")
        defer { try? FileManager.default.removeItem(at: folder) }
        let rows = try ["json", "yaml"].map { format in
            let path = folder.appending(path: format)
            try FileManager.default.createDirectory(at: path, withIntermediateDirectories: true)
            let bytes = try write(format, to: path)
            let output = try OwnProgram.output(["--manifest-probe", path.path()])
            var row = try JSONDecoder().decode(Row.self, from: Data(output.utf8))
            (row.services, row.slices, row.format, row.bytes) = (count, count, format, bytes)
            return row
        }
        if json {
            print(try Report(rows: rows).reportJSON())
        } else {
            for row in rows {
                print("\(row.format): \(row.bytes / 1_000_000) MB in \(row.loadSeconds) s, peak \(row.peakMegabytes) MB")
            }
        }
    }

    /// Returns the bytes written.
    private func write(_ format: String, to folder: URL) throws -> Int {
        let generator = ClusterGenerator(services: count, meanEndpoints: 5, seed: seed)
        let services = (0..<count).map { KubernetesObject.service(generator.service($0)) }
        let slices = (0..<count).flatMap { index in
            generator.slices(of: generator.service(index), family: .ipv4, firstPod: index * 5, count: 5).map(
                KubernetesObject.endpointSlice)
        }
        var bytes = 0
        for (name, objects) in [("services", services), ("slices", slices)] {
            let text: Data
            if format == "json" {
                text = try JSONEncoder().encode(ManifestList(items: objects))
            } else {
                let encoder = YAMLEncoder()
                text = Data(try objects.map { try encoder.encode($0) }.joined(separator: "---\n").utf8)
            }
            try text.write(to: folder.appending(path: "\(name).\(format)"))
            bytes += text.count
        }
        return bytes
    }

    /// In a process of its own: reads the folder and prints a row.
    static func probe(_ path: String) throws {
        let started = ContinuousClock.now
        let batch = ManifestSource(paths: [path], allocation: AllocationSettings(stateDirectory: "")).loadOnce()
        let seconds = (ContinuousClock.now - started).inSeconds
        guard batch.faults.isEmpty, !batch.events.isEmpty else {
            throw MeasurementError(description: "the manifests have faults: \(batch.faults.prefix(3))")
        }
        let row = Row(
            services: 0, slices: 0, format: "", bytes: 0, loadSeconds: seconds,
            peakMegabytes: Double(try ResidentMemory().peakBytes) / 1e6)
        print(String(decoding: try JSONEncoder().encode(row), as: UTF8.self))
    }
}
