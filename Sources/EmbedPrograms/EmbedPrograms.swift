import Foundation
import PackagePlugin

/// Has each C file of a target's folder `Kernel` compiled to a BPF object with the toolchain's clang, and the
/// objects embedded as Swift source. Asks for nothing but the toolchain and libbpf's headers.
@main
struct EmbedPrograms: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        let sharedHeaders = context.package.directoryURL.appending(path: "Sources/CBPFMaps/include")
        let files = try Self.files(of: target.directoryURL.appending(path: "Kernel"))
        let sources = files.filter { $0.pathExtension == "c" }
        let output = context.pluginWorkDirectoryURL.appending(path: "EmbeddedObjects.swift")
        let flags = ["-I", sharedHeaders.path] + (try Self.multiarchHeaders()).flatMap { ["-idirafter", $0.path] }
        // One command: objects that are outputs of the plugin's would be taken for resources of the target.
        return [
            .buildCommand(
                displayName: "Compiling and embedding the kernel's programs",
                executable: try context.tool(named: "program-embedder").url,
                arguments: [try context.tool(named: "clang").url.path, output.path] + sources.map(\.path) + flags,
                inputFiles: files + (try Self.files(of: sharedHeaders)), outputFiles: [output])
        ]
    }

    private static func files(of folder: URL) throws -> [URL] {
        try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { ["c", "h"].contains($0.pathExtension) }.sorted { $0.path < $1.path }
    }

    /// Where Debian keeps asm/types.h, which clang does not look for when it compiles for BPF.
    private static func multiarchHeaders() throws -> [URL] {
        try FileManager.default.contentsOfDirectory(at: URL(filePath: "/usr/include"), includingPropertiesForKeys: nil)
            .filter { $0.lastPathComponent.hasSuffix("-linux-gnu") }
    }
}
