import LinuxSystem

/// The path of an executable of this package, such as `fairway-echo`.
///
/// Looks in FAIRWAY_BIN_DIR, then beside the running test bundle, then in the debug and release
/// folders of `.build`.
///
/// - Throws: when none of them has it, naming the folders.
package func productPath(_ name: String, file: String = #filePath) throws -> String {
    var folders: [String] = []
    if let folder = environmentValue("FAIRWAY_BIN_DIR") { folders.append(folder) }
    if let bundle = commandLineArguments().first(where: { $0.contains(".xctest") || $0.contains("/.build/") }) {
        folders.append(parent(bundle))
    }
    let root = packageRoot(of: file)
    folders += ["\(root)/.build/debug", "\(root)/.build/release"]
    for folder in folders where isExecutable("\(folder)/\(name)") { return "\(folder)/\(name)" }
    throw TestSupportError(
        "no executable \(name) in \(folders.joined(separator: ", ")): run `swift build` or set FAIRWAY_BIN_DIR")
}

/// The folder that holds Package.swift, for a source file somewhere below it.
package func packageRoot(of file: String = #filePath) -> String {
    var folder = parent(file)
    while !folder.isEmpty {
        if (try? FileDescriptor(opening: "\(folder)/Package.swift")) != nil { return folder }
        folder = parent(folder)
    }
    return "."
}

private func parent(_ path: String) -> String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
}

private func commandLineArguments() -> [String] {
    guard let file = try? FileDescriptor(opening: "/proc/self/cmdline"), let bytes = try? file.readAll() else {
        return []
    }
    return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
}
