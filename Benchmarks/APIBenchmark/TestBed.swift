import FoundationEssentials
import Glibc
import LinuxSystem
import Measuring
import NetworkNamespaceTesting
import Synchronization

/// The API server in its namespace; nodes come and go beside it, each a namespace.
///
///     server 192.0.2.1, 198.51.100.1  ----  198.51.100.2 node
final class TestBed: Sendable {
    struct Size: Sendable {
        var services: Int
        var endpoints: Int
        var pods: Int
        var nodes = 100
    }

    static let nodeName = "node-0"
    static let serverAddress = "192.0.2.1"
    private static let port = 6443

    let size: Size
    let patience: Duration
    let folder: String
    let server: RunningProcess
    private let nextNumber = Mutex(0)
    private let network: TestNetwork
    private let namespace: TestNamespace

    /// Returns once the server has everything in memory.
    static func make(program: String, size: Size, patience: Duration) async throws -> TestBed {
        let network = TestNetwork()
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "fairway-api-benchmark-\(getpid())-\(UInt32.random(in: 0...UInt32.max))").path()
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let namespace = try network.addNamespace("api")
            try namespace.configure(["addr add \(serverAddress)/32 dev lo"])
            let bed = try TestBed(network, namespace, folder: folder, program: program, size: size, patience: patience)
            try await bed.server.waitForLine(containing: "listening at", timeout: .seconds(300))
            try await bed.warmJSON()
            return bed
        } catch {
            network.close()
            try? FileManager.default.removeItem(atPath: folder)
            throw error
        }
    }

    private init(
        _ network: TestNetwork, _ namespace: TestNamespace, folder: String, program: String, size: Size, patience: Duration
    ) throws {
        (self.network, self.namespace, self.folder, self.size, self.patience) = (network, namespace, folder, size, patience)
        let nodes = "\(folder)/nodes.json"
        try Data(Self.nodes(size.nodes).utf8).write(to: URL(filePath: nodes))
        server = try namespace.start([
            program, "--host", Self.serverAddress, "--port", "\(Self.port)", "--tls-dir", folder, "--load", nodes,
            "--seed-services", "\(size.services)", "--seed-endpoints", "\(size.endpoints)", "--seed-pods", "\(size.pods)",
            "--seed-nodes", "\(size.nodes)",
        ])
    }

    /// A List of them, as JSON; in the zones of the endpoints.
    private static func nodes(_ count: Int) -> String {
        let items = (0..<count).map { index in
            """
            {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-\(index)", "labels": {
            "kubernetes.io/hostname": "node-\(index)", "topology.kubernetes.io/zone": "zone-\(index % 3)"}},
            "status": {"addresses": [{"type": "InternalIP", "address": "198.51.100.2"}],
            "conditions": [{"type": "Ready", "status": "True"}]}}
            """
        }
        return "{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [\(items.joined(separator: ","))]}"
    }

    private var resources: [String] {
        ["api/v1/services", "apis/discovery.k8s.io/v1/endpointslices"] + (size.pods > 0 ? ["api/v1/pods"] : [])
    }

    /// Protobuf the server has encoded by itself; JSON is encoded by being asked for.
    private func warmJSON() async throws {
        for resource in resources { try await ask(resource, into: "/dev/null") }
    }

    /// What the server takes for the same lists when nobody reads what is in them.
    func transfers() async throws -> [Report.Transfer] {
        var transfers: [Report.Transfer] = []
        for (format, type) in [("protobuf", "application/vnd.kubernetes.protobuf"), ("JSON", "application/json")] {
            for resource in resources {
                let words = try await ask(
                    resource, accept: type, into: "/dev/null", telling: "%{size_download} %{time_total}"
                ).split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
                guard words.count == 2 else { throw MeasurementError(description: "curl tells no size of \(resource)") }
                transfers.append(
                    Report.Transfer(resource: resource, format: format, megabytes: words[0] / 1e6, seconds: words[1]))
            }
        }
        return transfers
    }

    /// The answer of the server to a GET, or to a POST where there is a body, in a file.
    ///
    /// - Parameter telling: what curl is to write of the transfer.
    /// - Returns: that.
    @discardableResult
    func ask(
        _ path: String, body: String? = nil, accept: String = "application/json", into file: String, telling: String = ""
    ) async throws -> String {
        let credentials = ["--cacert", "\(folder)/ca.crt", "--cert", "\(folder)/client.crt", "--key", "\(folder)/client.key"]
        let output = try await namespace.run(
            ["curl", "-sS", "--fail", "-o", file, "-w", telling, "-H", "Accept: \(accept)"] + credentials
                + (body.map { ["--data", $0] } ?? []) + ["https://\(Self.serverAddress):\(Self.port)/\(path)"],
            timeout: .seconds(60))
        guard output.status.isSuccess else { throw MeasurementError(description: "\(path): \(output)") }
        return output.standardOutput
    }

    /// Runs `body` with a node whose daemon has committed its first table, in a namespace of its own.
    func with<Result: Sendable>(
        _ way: Way, _ program: String, _ body: (Node) async throws -> Result
    ) async throws -> Result {
        let nodeNetwork = TestNetwork()
        defer {
            nodeNetwork.close()
            // The end of a namespace takes its devices along only after a while.
            try? namespace.configure(["link del node"])
        }
        let inside = try nodeNetwork.addNamespace("node")
        try nodeNetwork.connect(namespace, "node", inside, "eth0")
        try namespace.configure(["addr add 198.51.100.1/30 dev node"])
        try inside.configure([
            "addr add 198.51.100.2/30 dev eth0", "route add default via 198.51.100.1",
        ])
        let command = [program] + way.arguments(kubeconfig: "\(folder)/kubeconfig", folder: folder)
        return try await body(try await Node.start(way, inside, command, server: server, patience: patience))
    }

    /// Numbers of changes that no measurement had before: an endpoint that is told the address it has already does not move.
    func takeNumbers(_ count: Int) -> Range<Int> {
        nextNumber.withLock { next in
            defer { next += count }
            return next..<next + count
        }
    }

    func close() {
        network.close()
        try? FileManager.default.removeItem(atPath: folder)
    }
}
