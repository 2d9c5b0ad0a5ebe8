import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Testing

/// `fairway dns` in a namespace of its own, with a folder of manifests; gone with the last reference.
final class DNSServerProcess: Sendable {
    let network = TestNetwork()
    let namespace: TestNamespace
    /// The manifests are in `manifests/`, the admin socket is `dns.sock`.
    let folder: ScratchFolder
    let fairway: String

    init(manifests: String = DNSManifests.all) throws {
        folder = try ScratchFolder()
        namespace = try network.addNamespace("dns")
        fairway = try productPath("fairway")
        try folder.write("manifests/all.yaml", manifests)
    }

    static func with(
        _ more: [String] = [], manifests: String = DNSManifests.all,
        _ body: (DNSServerProcess, RunningProcess) async throws -> Void
    ) async throws {
        let made = try DNSServerProcess(manifests: manifests)
        defer { made.close() }
        let daemon = try await made.start(more)
        try await body(made, daemon)
    }

    func close() {
        network.close()
        folder.remove()
    }

    /// - Parameter name: `dns`, or `run` with more options.
    func command(_ more: [String] = [], of name: String = "dns") -> [String] {
        [
            fairway, name, "--manifests", "\(folder.path)/manifests", "--state-dir", "\(folder.path)/state",
            "--admin-socket", "\(folder.path)/dns.sock", "--dns-bind-address", "127.0.0.1:53", "--dns-upstream", "none", "-v",
        ] + more
    }

    /// Starts it and returns once its zone is complete.
    func start(_ more: [String] = [], of name: String = "dns") async throws -> RunningProcess {
        let daemon = try namespace.start(command(more, of: name))
        for line in ["the zone is complete", "dns at 127.0.0.1:53", "admin socket at"] {
            try await daemon.waitForLine(containing: line)
        }
        return daemon
    }

    /// What `dig +short` prints, a line each, sorted.
    func dig(_ arguments: [String], at server: String = "127.0.0.1") async throws -> [String] {
        let output = try await namespace.run(["dig", "@\(server)", "+short", "+tries=1", "+timeout=3"] + arguments)
        return output.standardOutput.split(separator: "\n").map { String($0) }.sorted()
    }

    /// All that dig prints.
    func digAll(_ arguments: [String]) async throws -> String {
        try await namespace.run(["dig", "@127.0.0.1", "+tries=1", "+timeout=3"] + arguments).standardOutput
    }

    func get(_ arguments: [String]) async throws -> ProcessOutput {
        try await namespace.run([fairway, "get"] + arguments + ["--admin-socket", "\(folder.path)/dns.sock"])
    }

    func curl(_ url: String) async throws -> (status: String, body: String) {
        let output = try await namespace.run(["curl", "-sS", "--max-time", "5", "-w", "\n%{http_code}", url])
        var lines = output.standardOutput.split(separator: "\n", omittingEmptySubsequences: false)
        let status = lines.popLast().map { String($0) } ?? "\(output)"
        return (status, lines.joined(separator: "\n"))
    }
}

/// Objects whose names the tests ask for.
enum DNSManifests {
    static let all = """
        apiVersion: v1
        kind: Namespace
        metadata: {name: shop}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        spec:
          clusterIP: 10.96.0.80
          clusterIPs: [10.96.0.80, "fd00:10:96::80"]
          ipFamilyPolicy: RequireDualStack
          ipFamilies: [IPv4, IPv6]
          ports: [{name: http, port: 80}]
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: db, namespace: shop}
        spec: {clusterIP: None, ports: [{name: sql, port: 5432}]}
        ---
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {name: db-1, namespace: shop, labels: {kubernetes.io/service-name: db}}
        addressType: IPv4
        ports: [{name: sql, port: 5432}]
        endpoints:
        - {addresses: [10.244.0.10], hostname: db-0}
        - {addresses: [10.244.0.11], hostname: db-1}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: out, namespace: shop}
        spec: {type: ExternalName, externalName: www.example.com}

        """

    static func service(_ name: String, _ address: String) -> String {
        """
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: \(name), namespace: shop}
        spec: {clusterIP: \(address), ports: [{name: http, port: 80}]}

        """
    }
}
