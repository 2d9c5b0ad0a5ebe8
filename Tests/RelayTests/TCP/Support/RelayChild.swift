import Glibc
import LinuxSystem
import NetworkNamespaceTesting

/// A relay in a process of its own, or a backend.
struct RelayChild {
    let process: RunningProcess

    init(to backends: [SocketAddress], workers: Int, connections: Int = 0, descriptors: Int) throws {
        let numbers = [workers, connections, descriptors].map { "\($0)" }
        try self.init(["127.0.0.1:0"] + numbers + backends.map(\.description))
    }

    private init(_ arguments: [String]) throws {
        process = try RunningProcess(ProcessRequest(path: try productPath("relay-process"), arguments: arguments))
    }

    /// A backend that sends back what comes.
    static func echo() throws -> RelayChild { try RelayChild(["echo", "127.0.0.1:0"]) }

    func address() async throws -> SocketAddress {
        let line = try await process.waitForLine(containing: "at ")
        guard let address = SocketAddress(String(line.dropFirst(3))) else { throw TestFailure(line) }
        return address
    }

    /// Until so many connections have finished, and none is open.
    func waitUntilEnded(_ count: Int) async throws {
        let line = "ended finished \(count)"
        try await process.waitForLine(containing: line, timeout: .seconds(60))
        let lines = process.lines
        let ended = lines.firstIndex { $0 == line } ?? 0
        // Told in the same round, or later.
        try await process.waitForLine(containing: "open 0", from: max(ended - 3, 0))
    }

    func residentBytes() throws -> Int { try ResidentMemory(ofProcess: process.pid).currentBytes }

    func descriptorCount() throws -> Int {
        // SAFETY: the C string lives for the call, and the directory is closed once.
        guard let directory = unsafe opendir("/proc/\(process.pid)/fd") else { throw Errno.current }
        defer { unsafe closedir(directory) }
        var count = 0
        while unsafe readdir(directory) != nil { count += 1 }
        return count
    }
}
