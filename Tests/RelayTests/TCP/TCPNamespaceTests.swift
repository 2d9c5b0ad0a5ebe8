import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Testing

@testable import Relay

@Suite struct TCPNamespaceTests {
    // Nobody listens at port 1: without its mark the relay would not reach the backend.
    @Test(
        "the frontend of a redirected connection is what connection tracking remembers",
        .enabled(if: Requirement.root && Requirement.tool("nft"), "needs root and nft"), arguments: IPFamily.allCases)
    func redirected(_ family: IPFamily) async throws {
        let network = TestNetwork()
        defer { network.close() }
        let node = try network.addNamespace("node")
        let frontend = try #require(SocketAddress(family == .ipv4 ? "10.96.0.10:80" : "[fd00:10:96::a]:80"))
        try node.configure(["route add \(frontend.address) dev lo"])
        let (relay, backend) = try await node.inside {
            let host = family == .ipv4 ? "127.0.0.1" : "[::1]"
            let backend = try TestBackend(at: "\(host):0")
            let any = family == .ipv4 ? "0.0.0.0:0" : "[::]:0"
            let relay = try TestRelay(to: [backend.address], at: any, destination: .redirected) { $0.mark = 0x77 }
            return (relay, backend)
        }
        let table = family == .ipv4 ? "ip" : "ip6"
        let rules = """
            table \(table) test {
                chain output {
                    type nat hook output priority -100
                    \(table) daddr \(frontend.address) tcp dport 80 redirect to :\(relay.address.port)
                    meta mark != 0x77 tcp dport \(backend.address.port) redirect to :1
                }
            }
            """
        let output = try await node.run(["nft", "-f", "-"], input: rules)
        #expect(output.status.isSuccess, "\(output)")
        try await node.inside {
            let client = try TestStream(to: frontend)
            let (server, _) = try backend.accept()
            try client.write("ping")
            let bytes = try server.read(exactly: 4)
            #expect(bytes == Array("ping".utf8))
        }
        let destinations = relay.directory.requests.map(\.destination)
        #expect(destinations == [frontend])
    }

    @Test(
        "a backend sees the client's address where that is asked for",
        .enabled(if: Requirement.root, "needs root"), arguments: IPFamily.allCases)
    func keepsClientAddress(_ family: IPFamily) async throws {
        let topology = try await ServiceTopology.make(pods: 1)
        defer { topology.close() }
        // What the pod answers to a client is for the relay.
        try topology.node.configure([
            "route add local 0.0.0.0/0 dev lo table 100", "route add local ::/0 dev lo table 100",
        ])
        for version in ["-4", "-6"] {
            let rule = try await topology.node.run(["ip", version, "rule", "add", "iif", "veth0", "lookup", "100"])
            #expect(rule.status.isSuccess, "\(rule)")
        }
        let pod = topology.pods[0]
        let backend = try await pod.namespace.inside {
            try TestBackend(at: SocketAddress(pod.address(family), port: 0).description)
        }
        let relay = try await topology.node.inside {
            var options = RelayService.Options()
            options.keepsClientAddress = true
            let any = SocketAddress(ServiceTopology.nodeAddress(family), port: 0)
            return try TestRelay(to: [backend.address], at: any.description, options: options)
        }
        let client = try await topology.client.inside { try TestStream(to: relay.address) }
        try await DedicatedThread.run(named: "test") {
            let (server, peer) = try backend.accept()
            #expect(peer.address == ServiceTopology.clientAddress(family))
            try client.write("ping")
            try server.write(try server.read(exactly: 4))
            let bytes = try client.read(exactly: 4)
            #expect(bytes == Array("ping".utf8))
        }
    }
}
