import FoundationEssentials
import KubernetesTesting
import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Testing

/// A node whose daemon follows an API server in this process, three pods that echo, and a client outside.
final class ClusterNode: Sendable {
    let base: FairwayNode
    let server: TestAPIServer
    let kubectl: KubectlCommand

    var node: TestNamespace { base.node }
    var client: TestNamespace { base.client }
    var pods: [ServiceTopology.Pod] { base.pods }
    var kubeconfig: String { "\(base.folder.path)/api/kubeconfig" }

    private init(_ base: FairwayNode, _ server: TestAPIServer) throws {
        self.base = base
        self.server = server
        kubectl = try KubectlCommand(server, folder: "\(base.folder.path)/api", namespace: base.node)
    }

    /// Runs `body` with a cluster that has the node and nothing else; no daemon runs yet.
    static func with(_ body: (ClusterNode) async throws -> Void) async throws {
        let base = try await FairwayNode.bare(pods: 3, services: "")
        defer { base.close() }
        for pod in base.pods { _ = try await base.startServer(in: pod) }
        let server = try await TestAPIServer.start(in: base.node)
        let result: Result<Void, any Error>
        do {
            let made = try ClusterNode(base, server)
            try server.put(ClusterObjects.node, .nodes)
            result = .success(try await body(made))
        } catch { result = .failure(error) }
        await server.stop()
        try result.get()
    }

    func runCommand(_ more: [String] = []) -> [String] {
        let folder = base.folder.path
        return [
            base.fairway, "run", "--kubeconfig", kubeconfig, "--hostname-override", "node-a", "--state-dir", "\(folder)/state",
            "--admin-socket", base.adminSocket, "--kube-api-qps", "1000", "--kube-api-burst", "1000", "--verbose",
        ] + more
    }

    /// Starts the daemon, and returns once both families are in the kernel.
    func startDaemon(_ more: [String] = []) async throws -> RunningProcess {
        try await base.startDaemon(runCommand(more), timeout: .seconds(30))
    }

    func clusterIP(_ last: Int) throws -> SocketAddress {
        SocketAddress(try #require(IPAddress("10.96.0.\(last)")), port: 80)
    }

    func nodePort(_ number: UInt16) -> SocketAddress { SocketAddress(ServiceTopology.nodeAddress(.ipv4), port: number) }

    func waitUntilServed(by names: Set<String>, at target: SocketAddress) async throws {
        try await base.waitUntilServed(by: names, at: target, within: .seconds(20))
    }

    /// Asks from the client until a connection is refused.
    func waitUntilRefused(_ target: SocketAddress) async throws {
        try await base.waitUntilRefused(target, from: client, within: .seconds(20))
    }

    /// New connections all the time, each to a line.
    func startTraffic(to target: SocketAddress) async throws -> RunningProcess {
        let traffic = try client.start(
            [base.echo, "connect", "tcp", "\(target)", "--count", "1000000", "--rate", "50", "--timeout", "2s"])
        try await traffic.waitForLine(containing: "pod")
        return traffic
    }

    /// What others see of changes to the kernel's tables, from now on.
    func startMonitor() async throws -> RunningProcess {
        let monitor = try node.start(["nft", "monitor"])
        // Until it has shown this table, it may not listen yet.
        try await eventually("nft monitor listens") {
            _ = try await self.node.run(["nft", "add table ip before; delete table ip before"])
            return monitor.lines.contains { $0.contains("table ip before") }
        }
        return monitor
    }
}

extension TestAPIServer {
    /// Only the namespace reaches it, at its 127.0.0.1; its threads stay outside.
    static func start(in namespace: TestNamespace) async throws -> TestAPIServer {
        let listener = ListeningSocket { port in
            try await namespace.inside {
                let socket = try Socket(.stream, .ipv4)
                try socket.bind(to: SocketAddress(IPAddress(v4: 0x7F00_0001), port: UInt16(port)))
                return try socket.descriptor.duplicate().release()
            }
        }
        return try await start(.withoutKubelets, listener: listener)
    }
}

extension ClusterSettings {
    /// Whoever writes an object writes its status. Bookmarks come often, so that a stalled watch is known for one.
    static var withoutKubelets: ClusterSettings {
        var settings = ClusterSettings()
        settings.keepsStatus = true
        settings.requiresNamespaces = false
        settings.bookmarkInterval = .milliseconds(300)
        return settings
    }
}
