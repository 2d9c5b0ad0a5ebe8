import Foundation
import LinuxSystem
import NetworkNamespaceTesting
import Testing

/// A package with this one's plugin, embedder and shared header, and one small program instead of this one's: built as a
/// user builds.
private final class SmallPackage {
    let folder = FileManager.default.temporaryDirectory.appending(path: "fwt-embedding-\(UUID().uuidString)")

    init() throws {
        let root = URL(filePath: packageRoot())
        for path in ["EmbedPrograms", "program-embedder", "CBPFMaps/include"] {
            let target = folder.appending(path: "Sources/\(path)")
            try FileManager.default.createDirectory(
                at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
            try FileManager.default.copyItem(at: root.appending(path: "Sources/\(path)"), to: target)
        }
        try write("Sources/Programs/Kernel/beside.h", "#pragma once\n")
        try write("Sources/Programs/Kernel/small.c", "#include \"beside.h\"\n#include \"fairway_maps.h\"\n")
        try write("Sources/Programs/Programs.swift", "enum BPFPrograms {}\n")
        try write(
            "Package.swift",
            """
            // swift-tools-version: 6.2
            import PackageDescription
            let package = Package(name: "embedding", targets: [
                .executableTarget(name: "program-embedder"),
                .plugin(
                    name: "EmbedPrograms", capability: .buildTool(), dependencies: ["program-embedder"],
                    path: "Sources/EmbedPrograms"),
                .target(name: "Programs", exclude: ["Kernel"], plugins: ["EmbedPrograms"]),
            ])
            """)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    private func write(_ path: String, _ text: String) throws {
        let file = folder.appending(path: path)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    /// Builds, and returns the object that is embedded.
    func embedded() throws -> Data {
        let swift = try #require(toolPath("swift"))
        let request = ProcessRequest(
            path: swift, arguments: ["build", "--package-path", folder.path, "--target", "Programs"])
        let output = try request.collectOutput(input: [], timeout: .seconds(300))
        try #require(output.status.isSuccess, "\(output)")
        let outputs = ".build/plugins/outputs/\(folder.lastPathComponent.lowercased())/Programs/destination"
        let file = folder.appending(path: "\(outputs)/EmbedPrograms/EmbeddedObjects.swift")
        let source = try String(contentsOf: file, encoding: .utf8)
        let base64 = try #require(source.firstMatch(of: /\("small", "([^"]+)"\)/)?.1, "\(source)")
        return try #require(Data(base64Encoded: String(base64)))
    }

    /// Adds a constant that the object has to carry.
    func append(_ text: String, to path: String) throws {
        let file = try FileHandle(forWritingTo: folder.appending(path: "Sources/\(path)"))
        try file.seekToEnd()
        try file.write(contentsOf: Data(text.utf8))
        try file.close()
    }
}

/// The build embeds what the sources say now.
struct EmbeddingFollowsTests {
    @Test("A change of a .c, of a .h beside it, or of the shared header is embedded by the next build",
        .enabled(if: Requirement.tool("swift"), "needs swift on the PATH"))
    func follows() async throws {
        let paths = ["Programs/Kernel/small.c", "Programs/Kernel/beside.h", "CBPFMaps/include/fairway_maps.h"]
        let builds = try await DedicatedThread.run(named: "build") {
            let package = try SmallPackage()
            var builds = [try package.embedded()]
            for number in paths.indices {
                try package.append("\nconst unsigned int touched_\(number) = \(number + 1);\n", to: paths[number])
                builds.append(try package.embedded())
            }
            return builds
        }
        for (number, build) in builds.enumerated() {
            // By the names of its symbols.
            let carried = paths.indices.filter { build.range(of: Data("touched_\($0)".utf8)) != nil }
            #expect(carried == Array(0..<number))
        }
    }
}
