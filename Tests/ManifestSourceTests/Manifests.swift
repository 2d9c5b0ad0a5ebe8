import KubernetesModel
import NetworkTypes
import ObjectStore

@testable import ManifestSource

/// Short ways to manifests and what they hold.
enum Manifests {
    static func read(_ text: String, path: String = "a.yaml") -> ManifestContents {
        ManifestContents(path: path, bytes: Array(text.utf8))
    }

    /// The faults of a text, as printed.
    static func faults(_ text: String) -> [String] { read(text).faults.map(\.description) }

    static func names(_ text: String) -> [String] { read(text).objects.map { "\($0.reference)" } }

    static func service(_ name: String, _ spec: String = "ports: [{port: 80}]", label: String = "") -> String {
        let labels = label.isEmpty ? "" : ", labels: {l: \(label)}"
        return "apiVersion: v1\nkind: Service\nmetadata: {name: \(name)\(labels)}\nspec:\n  \(spec)\n"
    }

    static func pod(_ name: String) -> String {
        "apiVersion: v1\nkind: Pod\nmetadata: {name: \(name)}\nstatus: {podIP: 10.0.0.1, phase: Running}\n"
    }
}

extension ManifestTracker {
    init(_ settings: AllocationSettings = .standard) {
        self.init(allocator: AddressAllocator(settings))
    }

    /// Applies texts by path; nil deletes.
    mutating func apply(_ files: [String: String?]) -> ManifestBatch {
        let changes = files.map { path, text in
            ManifestChange(path: path, contents: text.map { Manifests.read($0, path: path) })
        }
        return apply(changes).batch
    }
}

extension ManifestBatch {
    /// `+Service default/web`, `-Pod default/a`, without the `synced` events.
    var summary: [String] {
        events.compactMap { event in
            switch event {
            case .set(let object): "+\(object.reference)"
            case .delete(let reference): "-\(reference)"
            case .keep, .reset, .synced, .source: nil
            }
        }
    }

    func service(_ name: String) -> Service? {
        for case .set(.service(let service)) in events.reversed() where service.metadata.name == name { return service }
        return nil
    }
}

extension StoreEvent {
    func isSource(of kind: ObjectKind) -> Bool {
        if case .source(_, of: kind) = self { true } else { false }
    }
}
