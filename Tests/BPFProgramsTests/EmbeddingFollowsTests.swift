import Foundation
import LinuxSystem
import NetworkNamespaceTesting
import Testing

/// A package with this one's plugin, embedder, programs and shared header, and nothing else: built as a user builds.
private final class SmallPackage {
    let folder = FileManager.default.temporaryDirectory.appending(path: "fwt-embedding-\(UUID().uuidString)")

    init() throws {
        let root = URL(filePath: packageRoot())
        for path in ["EmbedPrograms", "program-embedder", "CBPFMaps/include", "BPFPrograms"] {
            let target = folder.appending(path: "Sources/\(path)")
            try FileManager.default.createDirectory(
                at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
            try FileManager.default.copyItem(at: root.appending(path: "Sources/\(path)"), to: target)
        }
        let manifest = """
            // swift-tools-version: 6.2
            import PackageDescription
            let package = Package(name: "embedding", targets: [
                .executableTarget(name: "program-embedder"),
                .plugin(
                    name: "EmbedPrograms", capability: .buildTool(), dependencies: ["program-embedder"],
                    path: "Sources/EmbedPrograms"),
                .target(name: "BPFPrograms", exclude: ["Kernel"], plugins: ["EmbedPrograms"]),
            ])
            """
        try Data(manifest.utf8).write(to: folder.appending(path: "Package.swift"))
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// Builds, and returns the source that holds the objects.
    func embedded() throws -> Data {
        let swift = try #require(toolPath("swift"))
        let request = ProcessRequest(
            path: swift, arguments: ["build", "--package-path", folder.path, "--target", "BPFPrograms"])
        let output = try request.collectOutput(input: [], timeout: .seconds(300))
        try #require(output.status.isSuccess, "\(output)")
        let outputs = ".build/plugins/outputs/\(folder.lastPathComponent.lowercased())/BPFPrograms/destination"
        return try Data(contentsOf: folder.appending(path: "\(outputs)/EmbedPrograms/EmbeddedObjects.swift"))
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
        let builds = try await DedicatedThread.run(named: "build") {
            let package = try SmallPackage()
            var builds = [try package.embedded(), try package.embedded()]
            let paths = [
                "BPFPrograms/Kernel/packet.c", "BPFPrograms/Kernel/parsing.h", "CBPFMaps/include/fairway_maps.h",
            ]
            for (number, path) in paths.enumerated() {
                try package.append("\nconst unsigned int touched_\(number) = \(number + 1);\n", to: path)
                builds.append(try package.embedded())
            }
            return builds
        }
        #expect(builds[0] == builds[1])
        #expect(builds[1] != builds[2])
        #expect(builds[2] != builds[3])
        #expect(builds[3] != builds[4])
    }
}
