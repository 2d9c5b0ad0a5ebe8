import LinuxSystem
import NetworkNamespaceTesting

/// A node whose cluster has a DNS Service at 10.96.0.10 with one endpoint: `fairway dns` in a pod, which says
/// 10.96.0.81 where the node's own answers say 10.96.0.80.
struct DNSEndpointNode: Sendable {
    static let name = "web.shop.svc.cluster.local"
    static let local = ["--dns-service", "kube-system/kube-dns", "--dns-upstream", "none"]

    let cluster: FairwayNode
    let endpoint: RunningProcess
    /// Asks.
    var client: TestNamespace { cluster.pods[0].namespace }

    static func with(_ body: (DNSEndpointNode) async throws -> Void) async throws {
        let cluster = try await FairwayNode.bare(pods: 2, services: Manifests.services)
        defer { cluster.close() }
        let address = cluster.pods[1].ipv4
        try cluster.folder.write("manifests/dns.yaml", manifests(clusterIP: "10.96.0.10", endpoint: "\(address)"))
        try cluster.folder.write(
            "endpoint/web.yaml", DNSManifests.service("web", "10.96.0.81"))
        let endpoint = try cluster.pods[1].namespace.start([
            cluster.fairway, "dns", "--manifests", "\(cluster.folder.path)/endpoint", "--state-dir", "", "--admin-socket",
            "\(cluster.folder.path)/endpoint.sock", "--dns-bind-address", "\(address):53", "--dns-upstream", "none",
        ])
        for line in ["the zone is complete", "dns at \(address):53", "admin socket at"] {
            try await endpoint.waitForLine(containing: line)
        }
        try await body(DNSEndpointNode(cluster: cluster, endpoint: endpoint))
    }

    static func manifests(clusterIP: String, endpoint: String) -> String {
        """
        apiVersion: v1
        kind: Service
        metadata: {name: kube-dns, namespace: kube-system}
        spec:
          clusterIP: \(clusterIP)
          ports: [{name: dns, port: 53, protocol: UDP}, {name: dns-tcp, port: 53}]
        ---
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {name: kube-dns-1, namespace: kube-system, labels: {kubernetes.io/service-name: kube-dns}}
        addressType: IPv4
        ports: [{name: dns, port: 53, protocol: UDP}, {name: dns-tcp, port: 53}]
        endpoints:
        - {addresses: [\(endpoint)]}

        """
    }

    /// The daemon, answering at the Service's ClusterIP.
    func start(_ more: [String] = []) async throws -> RunningProcess {
        let daemon = try await cluster.startDaemon(Self.local + more)
        try await daemon.waitForLine(containing: "are answered here")
        return daemon
    }

    /// What a pod is told.
    func ask(
        _ options: [String] = [], name: String = name, at server: String = "10.96.0.10"
    ) async throws -> String {
        let output = try await client.run(["dig", "@\(server)", "+short", "+tries=1", "+timeout=3"] + options + [name, "A"])
        return output.standardOutput
    }

    /// What the endpoint says of itself.
    func endpointDocument() async throws -> String {
        let output = try await cluster.run(
            ["get", "dns", "-o", "json", "--admin-socket", "\(cluster.folder.path)/endpoint.sock"])
        return output.standardOutput
    }
}
