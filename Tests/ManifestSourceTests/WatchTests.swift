import KubernetesModel
import ObjectStore
import Testing

@testable import ManifestSource

@Suite("Following folders", .timeLimit(.minutes(1)))
struct WatchTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Runs a source over paths of the folder and hands its batches to `body` one by one.
    private func follow(
        _ paths: [String], _ body: @escaping @Sendable (inout AsyncStream<ManifestBatch>.Iterator) async throws -> Void
    ) async throws {
        let source = ManifestSource(paths: paths.map { $0.isEmpty ? folder.path : folder($0) })
        let (stream, continuation) = AsyncStream<ManifestBatch>.makeStream()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await source.run { continuation.yield($0) }
                continuation.finish()
            }
            group.addTask {
                var iterator = stream.makeAsyncIterator()
                try await body(&iterator)
            }
            try await group.next()
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    /// The events of the next batches until as many came as are expected.
    private static func next(
        _ iterator: inout AsyncStream<ManifestBatch>.Iterator, _ expected: [String],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async {
        var found: [String] = []
        while found.count < expected.count, let batch = await iterator.next() { found += batch.summary }
        #expect(found == expected, sourceLocation: sourceLocation)
    }

    @Test("written in place, renamed over, deleted and made again, linked, and other names passed over")
    func edits() async throws {
        let folder = self.folder
        try folder.write(Manifests.pod("a"), to: "a.yaml")
        try folder.write("]", to: "notes.txt")
        try folder.write("]", to: ".a.yaml.swp.yaml")
        try await follow([""]) { batches in
            await Self.next(&batches, ["+Pod default/a"])
            try folder.write(Manifests.pod("b"), to: "a.yaml")
            await Self.next(&batches, ["-Pod default/a", "+Pod default/b"])
            try folder.write(Manifests.pod("c"), to: "a.yaml~")
            folder.rename("a.yaml~", to: "a.yaml")
            await Self.next(&batches, ["-Pod default/b", "+Pod default/c"])
            folder.remove("a.yaml")
            await Self.next(&batches, ["-Pod default/c"])
            try folder.write(Manifests.pod("d"), to: "a.yaml")
            await Self.next(&batches, ["+Pod default/d"])
            try folder.write(Manifests.pod("e"), to: "hidden")
            folder.hardLink("e.yaml", to: "hidden")
            await Self.next(&batches, ["+Pod default/e"])
            folder.link("f.json", to: "elsewhere/f")
            folder.makeFolder("elsewhere")
            try folder.write(Manifests.pod("f"), to: "elsewhere/f")
            folder.remove("f.json")
            folder.link("f.json", to: "elsewhere/f")
            await Self.next(&batches, ["+Pod default/f"])
            try folder.write(Manifests.pod("g"), to: "elsewhere/f")
            await Self.next(&batches, ["-Pod default/f", "+Pod default/g"])
        }
    }

    @Test("folders that come, go, and move with what is in them")
    func subfolders() async throws {
        let folder = self.folder
        try await follow([""]) { batches in
            _ = await batches.next()
            folder.makeFolder("x")
            folder.makeFolder("x/y")
            try folder.write(Manifests.pod("a"), to: "x/y/a.yaml")
            await Self.next(&batches, ["+Pod default/a"])
            try folder.write(Manifests.pod("b"), to: "x/y/b.yaml")
            await Self.next(&batches, ["+Pod default/b"])
            folder.rename("x", to: "z")
            // The same objects in another place are no change; the next edit tells that it is watched.
            try folder.write(Manifests.pod("c"), to: "z/y/b.yaml")
            await Self.next(&batches, ["-Pod default/b", "+Pod default/c"])
            folder.removeTree("z")
            var gone: Set<String> = []
            while gone.count < 2, let batch = await batches.next() { gone.formUnion(batch.summary) }
            #expect(gone == ["-Pod default/a", "-Pod default/c"])
        }
    }

    @Test("the swap of a mounted ConfigMap", arguments: ["", "a.yaml"])
    func configMap(_ path: String) async throws {
        let folder = self.folder
        folder.makeFolder("..1")
        try folder.write(Manifests.pod("a"), to: "..1/a.yaml")
        folder.link("..data", to: "..1")
        folder.link("a.yaml", to: "..data/a.yaml")
        try await follow([path]) { batches in
            await Self.next(&batches, ["+Pod default/a"])
            folder.makeFolder("..2")
            try folder.write(Manifests.pod("b"), to: "..2/a.yaml")
            folder.link("..data_tmp", to: "..2")
            folder.rename("..data_tmp", to: "..data")
            await Self.next(&batches, ["-Pod default/a", "+Pod default/b"])
            folder.removeTree("..1")
            folder.makeFolder("..3")
            try folder.write(Manifests.pod("c"), to: "..3/a.yaml")
            folder.link("..data_tmp", to: "..3")
            folder.rename("..data_tmp", to: "..data")
            await Self.next(&batches, ["-Pod default/b", "+Pod default/c"])
        }
    }

    @Test("a given path that is not there is told, and read when it comes", arguments: ["late/deep", "late/deep/a.yaml"])
    func missing(_ path: String) async throws {
        let folder = self.folder
        try await follow([path]) { batches in
            let first = await batches.next()
            #expect(first?.faults.map(\.description) == ["\(folder(path)): cannot be read: No such file or directory"])
            folder.makeFolder("late")
            folder.makeFolder("late/deep")
            try folder.write(Manifests.pod("a"), to: "late/deep/a.yaml")
            // Nothing counts as synced before every given path could be read once.
            #expect(first?.events.isEmpty == true)
            var summary: [String] = []
            var isSynced = false
            while summary.isEmpty, let batch = await batches.next() {
                summary += batch.summary
                isSynced = isSynced || batch.events.contains(.synced(.pod))
            }
            #expect(summary == ["+Pod default/a"])
            #expect(isSynced)
        }
    }

    @Test("a given path that vanishes keeps its objects, and is read anew when it is back", arguments: ["all", "all/a.yaml"])
    func vanishing(_ path: String) async throws {
        let folder = self.folder
        folder.makeFolder("all")
        try folder.write(Manifests.pod("a"), to: "all/a.yaml")
        try await follow([path]) { batches in
            await Self.next(&batches, ["+Pod default/a"])
            folder.rename("all", to: "away")
            let vanished = await batches.next()
            #expect(vanished?.summary == [] && vanished?.newFaults.count == 1)
            guard case .source(.lost, of: .pod) = vanished?.events.first(where: { $0.isSource(of: .pod) }) else {
                Issue.record("the source is not lost: \(String(describing: vanished?.events))")
                return
            }
            try folder.write(Manifests.pod("b"), to: "away/a.yaml")
            folder.rename("away", to: "all")
            var events: [StoreEvent] = []
            while !events.contains(.source(.connected, of: .pod)), let batch = await batches.next() { events += batch.events }
            // Up to date first, and only then called so.
            let order = events.filter { if case .set = $0 { true } else { $0.isSource(of: .pod) } }
            #expect(order.count == 2 && order.last == .source(.connected, of: .pod), "\(events)")
        }
    }

    @Test("a file with faults keeps its objects until it is right again")
    func faults() async throws {
        let folder = self.folder
        try folder.write(Manifests.pod("a"), to: "a.yaml")
        try await follow([""]) { batches in
            await Self.next(&batches, ["+Pod default/a"])
            try folder.write("apiVersion: [", to: "a.yaml")
            let broken = await batches.next()
            #expect(broken?.summary == [] && broken?.newFaults.count == 1)
            try folder.write(Manifests.pod("a"), to: "a.yaml")
            let mended = await batches.next()
            #expect(mended?.summary == [] && mended?.mendedFaults.count == 1)
        }
    }

    @Test("a look at everything, as after lost events, finds every difference and reads nothing else")
    func rescan() throws {
        for name in ["a", "b", "c"] { try folder.write(Manifests.pod(name), to: "\(name).yaml") }
        var session = ManifestSession([folder.path], .standard)
        #expect(session.load().fileCount == 3)
        try folder.write(Manifests.pod("d"), to: "a.yaml")
        folder.remove("b.yaml")
        // Without watches, every poll looks at everything.
        #expect(try session.poll().summary == ["-Pod default/a", "-Pod default/b", "+Pod default/d"])
        #expect(try session.poll().isEmpty)
    }
}
