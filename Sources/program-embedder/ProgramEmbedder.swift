import Foundation

/// `program-embedder CLANG OUTPUT.swift SOURCE.c... FLAG...`: compiles the sources for the kernel and writes the
/// objects into a Swift file.
@main
struct ProgramEmbedder {
    /// -g for BTF, from which libbpf takes the maps' types; v3 of the instruction set for atomic operations
    /// that return the old value (Linux 5.12).
    static let flags = [
        "-target", "bpf", "-mcpu=v3", "-O2", "-g", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-Wno-unused-function",
    ]

    static func main() throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard arguments.count >= 3 else { try fail("usage: program-embedder CLANG OUTPUT.swift SOURCE.c... FLAG...", 2) }
        let (clang, output) = (arguments[0], URL(filePath: arguments[1]))
        let sources = arguments.dropFirst(2).prefix { $0.hasSuffix(".c") }
        let others = Array(arguments.dropFirst(2 + sources.count))
        let objects = try sources.map { source in
            let name = URL(filePath: source).deletingPathExtension().lastPathComponent
            let object = output.deletingLastPathComponent().appending(path: "\(name).o")
            try compile(clang, flags + others + ["-c", source, "-o", object.path])
            return (name: name, bytes: try Data(contentsOf: object))
        }
        try Data(text(objects).utf8).write(to: output)
    }

    private static func compile(_ clang: String, _ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(filePath: clang)
        process.arguments = arguments
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            try fail("\(clang) \(arguments.joined(separator: " ")): ended with \(process.terminationStatus)", 1)
        }
    }

    /// In base64, because a literal of bytes takes the compiler minutes.
    private static func text(_ objects: [(name: String, bytes: Data)]) -> String {
        let lines = objects.map { "        (\"\($0.name)\", \"\($0.bytes.base64EncodedString())\"),\n" }
        return "extension BPFPrograms {\n    /// Objects by the name of their C file, in base64.\n"
            + "    static let embedded: [(name: String, base64: StaticString)] = [\n" + lines.joined() + "    ]\n}\n"
    }

    private static func fail(_ message: String, _ status: Int32) throws -> Never {
        try FileHandle.standardError.write(contentsOf: Data("\(message)\n".utf8))
        exit(status)
    }
}
