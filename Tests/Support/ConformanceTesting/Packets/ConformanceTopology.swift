internal import Glibc
internal import LinuxSystem
package import NetworkNamespaceTesting
internal import NetworkTypes

/// `World` in network namespaces: clients, node-a, node-b, `outside`, and a namespace for each pod.
///
/// Pods hang on routed links, as in `ServiceTopology`. node-b sends everything its pods send by way of
/// node-a, so that replies between two of its pods pass the node that translated the request.
package final class ConformanceTopology: Sendable {
    package let network: TestNetwork
    package let clients: TestNamespace
    package let node: TestNamespace
    package let nodeB: TestNamespace
    package let outside: TestNamespace
    package let pods: [String: TestNamespace]

    /// Builds it, blocking the calling thread for some 200 ms.
    package init() throws {
        let network = TestNetwork()
        self.network = network
        do {
            clients = try network.addNamespace("clients")
            node = try network.addNamespace("node-a")
            nodeB = try network.addNamespace("node-b")
            outside = try network.addNamespace("outside")
            try Self.forward(node, "172.31.0.1", "fd00:172:31::1")
            try Self.forward(nodeB, "172.31.1.1", "fd00:172:32::1")
            try Self.joinClients(network, node, clients)
            try Self.joinNodeB(network, node, nodeB)
            try Self.joinOutside(network, node, outside)
            var pods: [String: TestNamespace] = [:]
            for name in World.pods {
                let isLocal = World.localPods.contains(name)
                let pod = try network.addNamespace(name)
                try Self.joinPod(network, isLocal ? node : nodeB, pod, name, isLocal ? "172.31.0.1" : "172.31.1.1",
                    isLocal ? "fd00:172:31::1" : "fd00:172:32::1")
                if !isLocal { try Self.sendByNodeA(nodeB, "pod-\(name)") }
                pods[name] = pod
            }
            self.pods = pods
            for namespace in [clients, node, nodeB, outside] + pods.values { try Self.liftICMPLimits(namespace) }
        } catch {
            network.close()
            throw error
        }
    }

    deinit { close() }

    /// Removes it all; deinit does too.
    package func close() { network.close() }

    package func namespace(of sender: Sender) throws -> TestNamespace {
        switch sender {
        case .node: return node
        case .client: return clients
        case .pod(let name):
            guard let pod = pods[name] else { throw TestSupportError("no pod \(name)") }
            return pod
        }
    }

    /// A node, with its address towards its pods on a bridge without ports: made first, so that
    /// masquerading towards a pod finds it before other addresses.
    private static func forward(_ node: TestNamespace, _ v4: String, _ v6: String) throws {
        try node.setSysctl("net/ipv4/ip_forward", "1")
        try node.setSysctl("net/ipv4/conf/all/send_redirects", "0")
        try node.setSysctl("net/ipv4/conf/default/send_redirects", "0")
        try node.setSysctl("net/ipv6/conf/all/forwarding", "1")
        try node.configure([
            "link add name pods0 type bridge", "link set pods0 up", "addr add \(v4)/32 dev pods0",
            "addr add \(v6)/128 dev pods0 nodad",
        ])
    }

    private static func joinClients(_ network: TestNetwork, _ node: TestNamespace, _ clients: TestNamespace) throws {
        try network.connect(node, "clients", clients, "eth0")
        try node.configure([
            "addr add \(World.nodeAddress(.ipv4))/24 dev clients", "addr add \(World.nodeAddress(.ipv6))/64 dev clients nodad",
        ])
        try clients.configure(
            (0..<World.clientCount).flatMap { index in
                [
                    "addr add \(World.client(index, .ipv4))/24 dev eth0",
                    "addr add \(World.client(index, .ipv6))/64 dev eth0 nodad",
                ]
            } + ["route add default via \(World.nodeAddress(.ipv4))", "route add ::/0 via \(World.nodeAddress(.ipv6))"])
    }

    private static func joinNodeB(_ network: TestNetwork, _ node: TestNamespace, _ nodeB: TestNamespace) throws {
        try network.connect(node, "node-b", nodeB, "eth0")
        try node.configure([
            "addr add 192.0.3.1/24 dev node-b", "addr add 2001:db8:3::1/64 dev node-b nodad",
        ])
        try nodeB.configure([
            "addr add \(World.otherNodeAddress(.ipv4))/24 dev eth0",
            "addr add \(World.otherNodeAddress(.ipv6))/64 dev eth0 nodad",
            "route add default via 192.0.3.1", "route add ::/0 via 2001:db8:3::1",
            "route add default via 192.0.3.1 table 100", "route add ::/0 via 2001:db8:3::1 table 100",
        ])
        try node.configure([
            "route add 10.244.1.0/24 via \(World.otherNodeAddress(.ipv4))",
            "route add fd00:10:244:1::/64 via \(World.otherNodeAddress(.ipv6))",
        ])
    }

    private static func sendByNodeA(_ nodeB: TestNamespace, _ device: String) throws {
        for family in ["-4", "-6"] {
            try nodeB.insideBlocking {
                guard let path = toolPath("ip") else { throw TestSupportError("no `ip`: install iproute2") }
                let request = ProcessRequest(
                    path: path, arguments: [family, "rule", "add", "iif", device, "lookup", "100"])
                let output = try request.collectOutput(input: [], timeout: .seconds(10))
                guard output.status.isSuccess else { throw TestSupportError("ip rule: \(output)") }
            }
        }
    }

    /// `outside` has every address that no Service takes on its way (local routes: ip-route(8)).
    private static func joinOutside(_ network: TestNetwork, _ node: TestNamespace, _ outside: TestNamespace) throws {
        try network.connect(node, "outside", outside, "eth0")
        try node.configure([
            "addr add 192.0.4.1/24 dev outside", "addr add 2001:db8:4::1/64 dev outside nodad",
            "route add default via \(World.outsideAddress(.ipv4))", "route add ::/0 via \(World.outsideAddress(.ipv6))",
        ])
        try outside.setSysctl("net/ipv4/ip_nonlocal_bind", "1")
        try outside.setSysctl("net/ipv6/ip_nonlocal_bind", "1")
        try outside.configure([
            "addr add \(World.outsideAddress(.ipv4))/24 dev eth0",
            "addr add \(World.outsideAddress(.ipv6))/64 dev eth0 nodad",
            "route add default via 192.0.4.1", "route add ::/0 via 2001:db8:4::1",
        ]
            + ["10.96.0.0/12", "203.0.113.0/24", "198.51.100.0/24", "fd00:10:96::/112", "2001:db8:113::/64",
                "2001:db8:51::/64"].map { "route add local \($0) dev lo" })
    }

    private static func joinPod(
        _ network: TestNetwork, _ node: TestNamespace, _ pod: TestNamespace, _ name: String, _ v4: String, _ v6: String
    ) throws {
        let device = "pod-\(name)"
        try network.connect(node, device, pod, "eth0")
        try node.configure([
            "addr add 169.254.1.1/32 dev \(device) scope link", "addr add fe80::1/64 dev \(device) nodad",
            "route add \(World.pod(name, .ipv4))/32 dev \(device) src \(v4)",
            "route add \(World.pod(name, .ipv6))/128 dev \(device) src \(v6)",
        ])
        try pod.configure([
            "addr add \(World.pod(name, .ipv4))/32 dev eth0", "addr add \(World.pod(name, .ipv6))/128 dev eth0 nodad",
            "route add 169.254.1.1 dev eth0 scope link", "route add default via 169.254.1.1 dev eth0",
            "route add ::/0 via fe80::1 dev eth0",
        ])
    }

    /// Refusals as many as asked for: icmp(7). The last two are a namespace's own since Linux 6.12 only.
    private static func liftICMPLimits(_ namespace: TestNamespace) throws {
        try namespace.setSysctl("net/ipv4/icmp_ratelimit", "0")
        try namespace.setSysctl("net/ipv6/icmp/ratelimit", "0")
        _ = try? namespace.setSysctl("net/ipv4/icmp_msgs_per_sec", "1000000")
        _ = try? namespace.setSysctl("net/ipv4/icmp_msgs_burst", "1000000")
    }
}
