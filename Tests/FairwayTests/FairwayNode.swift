import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Testing

/// A node with Fairway on it, pods that echo, and a client outside; gone with the last reference.
final class FairwayNode: Sendable {
    let topology: ServiceTopology
    /// The manifests are in `manifests/`, the admin socket is `admin.sock`.
    let folder: ScratchFolder
    let fairway: String
    let echo: String

    var node: TestNamespace { topology.node }
    var client: TestNamespace { topology.client }
    var pods: [ServiceTopology.Pod] { topology.pods }
    var adminSocket: String { "\(folder.path)/admin.sock" }

    private init(topology: ServiceTopology, folder: ScratchFolder) throws {
        self.topology = topology
        self.folder = folder
        fairway = try productPath("fairway")
        echo = try productPath("fairway-echo")
    }

    /// Network, echo servers and manifests; Fairway does not run yet.
    static func make() async throws -> FairwayNode {
        let made = try FairwayNode(topology: try await ServiceTopology.make(), folder: try ScratchFolder())
        for pod in made.pods {
            _ = try await made.startServer(in: pod)
            try made.folder.write("manifests/\(pod.name).yaml", Manifests.pod(pod))
        }
        try made.folder.write("manifests/node.yaml", Manifests.node)
        try made.folder.write("manifests/services.yaml", Manifests.services)
        return made
    }

    /// The same with other Services, and pods that have servers but no manifests.
    static func bare(pods: Int, services: String) async throws -> FairwayNode {
        let made = try FairwayNode(topology: try await ServiceTopology.make(pods: pods), folder: try ScratchFolder())
        try made.folder.write("manifests/node.yaml", Manifests.node)
        try made.folder.write("manifests/services.yaml", services)
        return made
    }

    /// The echo server of a pod, ready.
    func startServer(in pod: ServiceTopology.Pod) async throws -> RunningProcess {
        let port = Manifests.httpPort(pod)
        let server = try pod.namespace.start([echo, "--name", pod.name, "--tcp", "\(port)", "--udp", "9090"])
        try await server.waitForLine(containing: "ready")
        return server
    }

    /// Runs `body` with a node whose daemon is in sync, and removes everything afterwards.
    static func with(_ body: (FairwayNode, RunningProcess) async throws -> Void) async throws {
        let made = try await make()
        defer { made.close() }
        let daemon = try await made.startDaemon()
        try await body(made, daemon)
    }

    func close() {
        topology.close()
        folder.remove()
    }

    func runCommand(_ more: [String] = []) -> [String] {
        [
            fairway, "run", "--manifests", "\(folder.path)/manifests", "--hostname-override", "node-a", "--state-dir",
            "\(folder.path)/state", "--admin-socket", adminSocket,
        ] + more
    }

    /// Starts the daemon, and returns once both families are in the kernel and it answers everywhere.
    func startDaemon(_ more: [String] = []) async throws -> RunningProcess {
        try await startDaemon(runCommand(more), timeout: .seconds(15))
    }

    /// As `startDaemon`, with a command of the caller's.
    func startDaemon(_ command: [String], timeout: Duration) async throws -> RunningProcess {
        let daemon = try node.start(command)
        for line in ["IPv4 compared", "IPv6 compared", "admin socket at", "health at", "metrics at"] {
            try await daemon.waitForLine(containing: line, timeout: timeout)
        }
        return daemon
    }

    /// `fairway` with other arguments, on the node.
    func run(_ arguments: [String]) async throws -> ProcessOutput { try await node.run([fairway] + arguments) }

    func get(_ arguments: [String]) async throws -> ProcessOutput {
        try await run(["get"] + arguments + ["--admin-socket", adminSocket])
    }

    /// What `nft list ruleset` prints on the node.
    func ruleset() async throws -> String {
        let output = try await node.run(["nft", "list", "ruleset"])
        try #require(output.status.isSuccess, "\(output)")
        return output.standardOutput
    }

    /// One line for each try, an answer or `refused` and the like.
    func ask(
        from origin: TestNamespace, _ transport: Transport, _ target: SocketAddress, count: Int = 40
    ) async throws -> [Answer] {
        let output = try await origin.run(
            [echo, "connect", transport.rawValue, "\(target)", "--count", "\(count)", "--timeout", "2s"],
            timeout: .seconds(30))
        return output.standardOutput.split(separator: "\n").map { Answer(String($0)) }
    }

    /// Asks until just these pods answer at the ClusterIP; how long a change may take is the limit.
    func waitUntilServed(
        by names: Set<String>, at target: SocketAddress? = nil, within limit: Duration = .seconds(5)
    ) async throws {
        let target = try target ?? Manifests.target(Manifests.clusterIP, .ipv4, 80)
        let seen = try await lastAnswer(within: limit, where: { $0 == names }) {
            Set(try await ask(from: pods[0].namespace, .tcp, target).map(\.name))
        }
        try #require(seen == names, "after \(limit) answers come from \(seen.sorted())")
    }

    /// Asks until a connection is refused; one at a time, for the kernel limits how often it refuses (icmp(7)).
    func waitUntilRefused(
        _ target: SocketAddress, from origin: TestNamespace, within limit: Duration = .seconds(5)
    ) async throws {
        let answer = try await lastAnswer(within: limit, where: { $0 == "refused" }) {
            try await ask(from: origin, .tcp, target, count: 1).first?.name ?? ""
        }
        try #require(answer == "refused", "\(target) answers \(answer)")
    }
}

/// A line of `fairway-echo connect`: `NAME local=ADDR:PORT client=ADDR:PORT`, or a word such as `refused`.
struct Answer: Sendable, CustomStringConvertible {
    let description: String
    init(_ line: String) { description = line }

    private var words: [Substring] { description.split(separator: " ") }
    var name: String { words.first.map { String($0) } ?? "" }
    /// What the pod saw as its own address.
    var local: SocketAddress? { field("local=") }
    /// Whom the pod saw.
    var source: IPAddress? { field("client=")?.address }

    private func field(_ prefix: String) -> SocketAddress? {
        words.first { $0.hasPrefix(prefix) }.flatMap { SocketAddress(String($0.dropFirst(prefix.count))) }
    }
}

extension Manifests {
    static func target(_ addresses: [IPFamily: String], _ family: IPFamily, _ port: UInt16) throws -> SocketAddress {
        SocketAddress(try #require(IPAddress(addresses[family] ?? "")), port: port)
    }
}
