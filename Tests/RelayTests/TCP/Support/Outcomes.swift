import LinuxSystem
import Synchronization

/// What went wrong on other threads.
final class Outcomes: Sendable {
    private let state = Mutex<[String]>([])

    var failures: [String] { state.withLock { $0 } }

    func add(_ failure: String) { state.withLock { $0.append(failure) } }
}

/// A number of the environment, 0 where there is none.
func environmentNumber(_ name: String) -> Int {
    guard let file = try? FileDescriptor(opening: "/proc/self/environ"), let bytes = try? file.readAll() else { return 0 }
    for entry in bytes.split(separator: 0) {
        let text = String(decoding: entry, as: UTF8.self)
        if text.hasPrefix(name + "=") { return Int(text.dropFirst(name.count + 1)) ?? 0 }
    }
    return 0
}
