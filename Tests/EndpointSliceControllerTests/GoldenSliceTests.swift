import Foundation
import KubernetesModel
import NetworkTypes
import ObjectStore
import Testing
import Yams

/// Golden folders: the objects of `input.yaml`, then those of `change.yaml` set over them and those
/// of `delete.yaml` taken away, make the slices of `expected.txt`.
///
/// `FAIRWAY_UPDATE_GOLDEN=1` writes `expected.txt` anew and fails the test, so that no unattended
/// run approves its own output. A Pod annotated `fairway.dev/copies` stands for that many, numbered.
struct GoldenSliceTests {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden")
    static let cases = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path())) ?? []).sorted()

    @Test func thereAreGoldenFolders() {
        #expect(Self.cases.count >= 13)
    }

    @Test(arguments: cases)
    func slicesAreAsExpected(name: String) throws {
        let folder = Self.folder.appending(path: name)
        var harness = ControllerHarness()
        harness.apply(try Self.objects(folder.appending(path: "input.yaml")).map(StoreEvent.set))
        let change = try Self.objects(folder.appending(path: "change.yaml")).map(StoreEvent.set)
        let deleted = try Self.objects(folder.appending(path: "delete.yaml")).map { StoreEvent.delete($0.reference) }
        if !change.isEmpty || !deleted.isEmpty { harness.apply(change + deleted) }

        let actual = SliceText.text(of: harness.slices)
        let file = folder.appending(path: "expected.txt")
        if ProcessInfo.processInfo.environment["FAIRWAY_UPDATE_GOLDEN"] == "1" {
            try actual.write(to: file, atomically: true, encoding: .utf8)
            Issue.record("expected.txt of \(name) was written anew: read it and run again without the variable")
            return
        }
        #expect(actual == (try String(contentsOf: file, encoding: .utf8)))
    }

    /// The objects of a file of several documents; none when there is no file.
    private static func objects(_ file: URL) throws -> [KubernetesObject] {
        guard FileManager.default.fileExists(atPath: file.path()) else { return [] }
        let text = try String(contentsOf: file, encoding: .utf8)
        return try Yams.compose_all(yaml: text).flatMap { document in
            copies(of: try YAMLDecoder().decode(KubernetesObject.self, from: document))
        }
    }

    private static func copies(of object: KubernetesObject) -> [KubernetesObject] {
        guard case .pod(let first) = object, let text = first.metadata.annotations["fairway.dev/copies"],
            let count = Int(text)
        else { return [object] }
        return (0..<count).map { number in
            var pod = first
            let digits = String(number)
            pod.metadata.name += "-" + String(repeating: "0", count: 3 - digits.count) + digits
            pod.podIPs = pod.podIPs.map { IPAddress(bits: $0.bits + UInt128(number), family: $0.family) }
            return .pod(pod)
        }
    }
}
