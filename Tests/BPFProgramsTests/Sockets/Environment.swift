import LinuxSystem

/// A variable of this process's environment.
func environment(_ name: String) -> String? {
    guard let bytes = try? FileDescriptor(opening: "/proc/self/environ").readAll() else { return nil }
    let entries = bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    return entries.first { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.count + 1)) }
}
