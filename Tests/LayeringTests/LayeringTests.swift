import Foundation
import Testing

/// The project itself, held to ARCHITECTURE.md.
@Suite struct LayeringTests {
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private static func read(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    private static func files(of target: PackageManifest.Target) throws -> [SourceFile] {
        let folder = root.appending(path: target.path)
        let walk = FileManager.default.enumerator(atPath: folder.path)
        let names = (walk?.compactMap { $0 as? String } ?? []).filter { $0.hasSuffix(".swift") }.sorted()
        return try names.map { name in
            let path = target.path + "/" + name
            return SourceFile(target: target.name, path: path, text: try read(path))
        }
    }

    @Test func `every import and every unsafe site keeps to ARCHITECTURE.md and the style`() throws {
        let manifest = PackageManifest(try Self.read("Package.swift"))
        let architecture = try Self.read("ARCHITECTURE.md")
        let layering = Layering(
            manifest: manifest,
            project: try LayeringTable(LayeringTable.projectHeader, in: architecture),
            outside: try LayeringTable(LayeringTable.outsideHeader, in: architecture))
        let files = try manifest.targets.filter { !$0.isTest }.flatMap(Self.files)
        #expect(files.count > 10, "the sources were not found under \(Self.root.path)")
        for violation in layering.violations(in: files) {
            Issue.record("\(violation.description)")
        }
    }

    @Test func `every folder of Sources is a target`() throws {
        let manifest = PackageManifest(try Self.read("Package.swift"))
        let folders = try FileManager.default.contentsOfDirectory(atPath: Self.root.appending(path: "Sources").path)
        let known = Set(manifest.targets.map(\.path))
        for folder in folders.sorted() where !folder.hasPrefix(".") {
            #expect(known.contains("Sources/" + folder), "Package.swift has no target for Sources/\(folder)")
        }
    }
}
