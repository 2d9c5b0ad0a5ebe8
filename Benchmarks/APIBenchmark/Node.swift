import Glibc
import KubernetesModel
import LinuxSystem
import Measuring
import NetworkNamespaceTesting
import NetworkTypes

/// From the start of a daemon to the first table committed.
struct FirstList: Sendable {
    /// Until the daemon had everything listed, by its log; nil: it does not say.
    var listed: Double?
    /// Until its page said that the table is committed.
    var ready: Double
    var processorSeconds: Double
    /// Of the API server.
    var serverProcessorSeconds: Double
    var residentBytes: Int
    var peakBytes: Int
}

/// A daemon in its namespace that has committed its first table.
struct Node: Sendable {
    let way: Way
    let namespace: TestNamespace
    let process: RunningProcess
    let firstList: FirstList

    static func start(
        _ way: Way, _ namespace: TestNamespace, _ command: [String], server: RunningProcess, patience: Duration
    ) async throws -> Node {
        let serverSeconds = try ProcessorTime.seconds(ofProcess: server.pid)
        let wall = wallClock()
        let started = ContinuousClock.now
        let process = try namespace.start(command)
        let page = way == .kubeProxy ? StatusPage.synced : .ready
        let deadline = started + patience
        let seconds = try await namespace.inside { () -> Double? in
            while ContinuousClock.now < deadline {
                if page.saysYes() { return (ContinuousClock.now - started).inSeconds }
                usleep(page.intervalMicroseconds)
            }
            return nil
        }
        guard let seconds else {
            throw MeasurementError(
                description: "\(way.rawValue): no table after \(patience)\n" + process.lines.suffix(20).joined(separator: "\n"))
        }
        let used = try (
            daemon: ProcessorTime.seconds(ofProcess: process.pid),
            server: ProcessorTime.seconds(ofProcess: server.pid) - serverSeconds
        )
        // What only the lists needed goes back to the kernel right after.
        try await Task.sleep(for: .seconds(2))
        let memory = try ResidentMemory(ofProcess: process.pid)
        return Node(
            way: way, namespace: namespace, process: process,
            firstList: FirstList(
                listed: listed(process.lines, since: wall), ready: seconds, processorSeconds: used.daemon,
                serverProcessorSeconds: used.server, residentBytes: memory.currentBytes, peakBytes: memory.peakBytes))
    }

    /// Of fairway's line "TIME info synced services=...".
    private static func listed(_ lines: [String], since start: Double) -> Double? {
        for line in lines {
            let words = line.split(separator: " ")
            if words.count > 2, words[2] == "synced", let time = Timestamp(String(words[0])) { return time.inSeconds - start }
        }
        return nil
    }
}

/// A page of the daemon that says whether its first table is committed.
struct StatusPage: Sendable {
    let port: UInt16
    let path: String
    let says: @Sendable (String) -> Bool
    /// Between two looks.
    let intervalMicroseconds: UInt32

    static let ready = StatusPage(port: 10256, path: "/readyz", says: { $0.hasPrefix("HTTP/1.1 200") }, intervalMicroseconds: 5000)

    /// kube-proxy has no such page, but the time of its last sync, of each family.
    static let synced = StatusPage(
        port: 10249, path: "/metrics",
        says: { text in
            let times = text.split(separator: "\n").filter { $0.hasPrefix("kubeproxy_sync_proxy_rules_last_timestamp_seconds") }
            return !times.isEmpty && times.allSatisfy { !$0.hasSuffix(" 0") }
        }, intervalMicroseconds: 50_000)

    func saysYes() -> Bool { (try? get()).map(says) ?? false }

    private func get() throws -> String {
        let socket = try Socket(.stream, .ipv4)
        let deadline = ContinuousClock.now + .seconds(1)
        let request = Array("GET \(path) HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n".utf8)
        _ = try socket.connect(to: SocketAddress(IPAddress(v4: 0x7F00_0001), port: port))
        if let error = try socket.takeError() { throw error }
        guard try socket.send(request.span) == request.count else { return "" }
        var (text, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 65536))
        while ContinuousClock.now < deadline {
            switch try socket.receive(into: &buffer) {
            case 0?: return String(decoding: text, as: UTF8.self)
            case let count?: text += buffer[..<count]
            case nil: usleep(500)
            }
        }
        return ""
    }
}

/// Seconds since 1970.
func wallClock() -> Double {
    var time = timespec()
    // SAFETY: the call fills in a local.
    _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

extension Timestamp {
    var inSeconds: Double { Double(seconds) + Double(nanoseconds) * 1e-9 }
}
