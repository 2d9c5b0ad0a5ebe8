import KubernetesModel
import NetworkTypes
import Testing

@testable import ManifestSource

@Suite("The state folder")
struct AllocationFileTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func load(_ files: [String: String]) throws -> ManifestBatch {
        for (name, text) in files { try folder.write(text, to: name) }
        let settings = AllocationSettings(stateDirectory: folder("state"))
        return ManifestSource(paths: files.keys.sorted().map { folder($0) }, allocation: settings).loadOnce()
    }

    @Test("what Services were given survives a restart, a reordering and the growth of the folder")
    func restart() throws {
        let text = Manifests.service("a", "type: NodePort\n  ports: [{port: 80}]") + "---\n" + Manifests.service("b")
        let first = try load(["x.yaml": text])
        let second = try load([
            "w.yaml": Manifests.service("c"), "x.yaml": Manifests.service("b") + "---\n" + Manifests.service("a", "type: NodePort\n  ports: [{port: 80}]"),
        ])
        #expect(second.service("a") == first.service("a") && second.service("b") == first.service("b"))
        #expect(second.warnings == [])
        // Gone and forgotten: the last line of a Service counts.
        _ = try load(["w.yaml": Manifests.service("c"), "x.yaml": ""])
        let (_, records, _) = AllocationFile.open(folder("state"))
        #expect(records.keys.map(\.name) == ["c"])
    }

    static let damage: [(String, String)] = [
        ("no JSON", "x\n"), ("another file", "{\"a\":1}\n"), ("a bad address", "{\"fairwayAllocations\":1}\n{\"name\":\"a\",\"clusterIPs\":[\"x\"]}\n"),
        ("a later version", "{\"fairwayAllocations\":2}\n"), ("binary", "\u{1}\u{2}"),
    ]

    @Test("a damaged file is set aside with a warning", arguments: damage)
    func damaged(_ name: String, _ text: String) throws {
        folder.makeFolder("state")
        try folder.write("earlier", to: "state/allocations.json.damaged-1")
        try folder.write(text, to: "state/allocations.json")
        let batch = try load(["x.yaml": Manifests.service("a")])
        let path = folder("state/allocations.json")
        #expect(batch.warnings == ["\(path): damaged, set aside as \(path).damaged-2: addresses are given anew"], "\(name)")
        #expect(folder.read("state/allocations.json.damaged-2") == text)
        #expect(batch.service("a")?.spec.clusterAddresses.count == 1)
        #expect(AllocationFile.open(folder("state")).records.count == 1)
    }

    @Test("half a last line is dropped, and not appended to")
    func tornLine() throws {
        let first = try load(["x.yaml": Manifests.service("a")])
        let whole = try #require(folder.read("state/allocations.json"))
        try folder.write(whole + "{\"namespace\":\"def", to: "state/allocations.json")
        let second = try load(["x.yaml": Manifests.service("a") + "---\n" + Manifests.service("b")])
        #expect(second.warnings == [] && second.service("a") == first.service("a"))
        #expect(AllocationFile.open(folder("state")).records.count == 2)
    }

    @Test("outdated lines are swept when they outnumber the Services")
    func compaction() throws {
        var (file, _, _) = AllocationFile.open(folder("state"))
        let key = ObjectKey(namespace: "default", name: "a")
        for number in 0..<3 * AllocationFile.outdatedLineLimit {
            let slots: AllocationFile.Slots = [.nodePort(80): .nodePort(UInt16(30000 + number % 2000))]
            try file.save([(key, slots)]) { [key: slots] }
        }
        let lines = try #require(folder.read("state/allocations.json")).split(separator: "\n").count
        #expect(lines <= AllocationFile.outdatedLineLimit + 4)
        #expect(AllocationFile.open(folder("state")).records[key] == [.nodePort(80): .nodePort(30999)])
    }

    @Test("a state folder that cannot be made is told, and addresses are given all the same")
    func unwritable() throws {
        try folder.write("", to: "file")
        try folder.write(Manifests.service("a"), to: "x.yaml")
        let settings = AllocationSettings(stateDirectory: folder("file/state"))
        let source = ManifestSource(paths: [folder("x.yaml")], allocation: settings)
        let batch = source.loadOnce()
        let warning = batch.warnings.first ?? ""
        for part in [folder("file/state"), "Not a directory", "--state-dir"] {
            #expect(warning.contains(part), "\(warning)")
        }
        #expect(batch.service("a")?.spec.clusterAddresses.count == 1)
    }
}
