import Glibc
import LinuxSystem
package import NetworkTypes

/// A client outside, a node, and pods on it, as kernel tests of Services want them.
///
///     client 192.0.2.2  ----  192.0.2.1 node  ----  pod0 10.244.0.10, fd00:10:244::10
///     2001:db8:2::2           2001:db8:2::1   ----  pod1 10.244.0.11, fd00:10:244::11 ...
///
/// Pods hang on routed point-to-point links (one /32 and one /128 each, the node their only next hop)
/// and not on a bridge: so every packet between two pods, or from a pod through a ClusterIP back to
/// itself, passes the node's IP layer both ways, where nftables can translate the reply too. A bridge
/// would need br_netfilter for this.
///
/// The node owns 10.244.0.1 and fd00:10:244::1 towards its pods; the client routes only the node's link
/// and, if asked, the service ranges 10.96.0.0/12 and fd00:10:96::/112.
package final class ServiceTopology: Sendable {
    package struct Pod: Sendable {
        package let namespace: TestNamespace
        package let ipv4: IPAddress
        package let ipv6: IPAddress
        /// `pod0`, `pod1`...
        package let name: String

        package func address(_ family: IPFamily) -> IPAddress { family == .ipv4 ? ipv4 : ipv6 }
    }

    package let network: TestNetwork
    package let client: TestNamespace
    package let node: TestNamespace
    package let pods: [Pod]

    /// At most as many as the last byte of 10.244.0.0/24 has room for.
    package static let podLimit = 200

    /// Builds it on a thread of its own.
    package static func make(pods: Int = 3, clientRoutesServices: Bool = true) async throws -> ServiceTopology {
        try await DedicatedThread.run(named: "topology") {
            try ServiceTopology(pods: pods, clientRoutesServices: clientRoutesServices)
        }
    }

    /// Builds it, blocking the calling thread for some 10 ms a pod.
    package init(pods count: Int = 3, clientRoutesServices: Bool = true) throws {
        precondition(count <= ServiceTopology.podLimit, "more pods than addresses")
        let network = TestNetwork()
        self.network = network
        do {
            client = try network.addNamespace("client")
            node = try network.addNamespace("node")
            try ServiceTopology.joinClient(network, client, node, clientRoutesServices)
            pods = try ServiceTopology.makePods(network, node, count)
        } catch {
            network.close()
            throw error
        }
    }

    deinit { close() }

    /// Removes it all; deinit does too.
    package func close() { network.close() }

    /// The node's address towards the client: 192.0.2.1 or 2001:db8:2::1.
    package static func nodeAddress(_ family: IPFamily) -> IPAddress {
        family == .ipv4 ? IPAddress(v4: 0xC000_0201) : IPAddress(bits: clientNetwork + 1, family: .ipv6)
    }

    /// The client's address: 192.0.2.2 or 2001:db8:2::2.
    package static func clientAddress(_ family: IPFamily) -> IPAddress {
        family == .ipv4 ? IPAddress(v4: 0xC000_0202) : IPAddress(bits: clientNetwork + 2, family: .ipv6)
    }

    /// The node's address towards its pods: 10.244.0.1 or fd00:10:244::1.
    package static func podGateway(_ family: IPFamily) -> IPAddress {
        family == .ipv4 ? IPAddress(v4: 0x0AF4_0001) : IPAddress(bits: podNetwork + 1, family: .ipv6)
    }

    private static let clientNetwork: UInt128 = 0x2001_0db8_0002_0000_0000_0000_0000_0000
    private static let podNetwork: UInt128 = 0xfd00_0010_0244_0000_0000_0000_0000_0000

    private static func joinClient(
        _ network: TestNetwork, _ client: TestNamespace, _ node: TestNamespace, _ routesServices: Bool
    ) throws {
        try node.setSysctl("net/ipv4/ip_forward", "1")
        // Redirects for hairpin packets would count against a pod's ICMP rate limit, and delay refusals.
        try node.setSysctl("net/ipv4/conf/all/send_redirects", "0")
        try node.setSysctl("net/ipv4/conf/default/send_redirects", "0")
        try node.setSysctl("net/ipv6/conf/all/forwarding", "1")
        // A bridge without ports only holds addresses. Before the first link, so that masquerading
        // towards a pod, which takes the first device that has one, finds these.
        try node.configure([
            "link add name pods0 type bridge",
            "link set pods0 up",
            "addr add \(podGateway(.ipv4))/32 dev pods0",
            "addr add \(podGateway(.ipv6))/128 dev pods0 nodad",
        ])
        try network.connect(node, "eth0", client, "eth0")
        for (namespace, v4, v6) in [
            (node, nodeAddress(.ipv4), nodeAddress(.ipv6)), (client, clientAddress(.ipv4), clientAddress(.ipv6)),
        ] {
            try namespace.configure([
                "addr add \(v4)/24 dev eth0",
                "addr add \(v6)/64 dev eth0 nodad",
            ])
        }
        // As every node has: without a route of any kind, the node's own connections to a ClusterIP are
        // refused before nftables sees them. The client forwards nothing that comes this way.
        try client.setSysctl("net/ipv4/ip_forward", "0")
        try node.configure([
            "route add default via \(clientAddress(.ipv4))",
            "route add ::/0 via \(clientAddress(.ipv6))",
        ])
        guard routesServices else { return }
        try client.configure([
            "route add 10.96.0.0/12 via \(nodeAddress(.ipv4))",
            "route add fd00:10:96::/112 via \(nodeAddress(.ipv6))",
        ])
    }

    private static func makePods(_ network: TestNetwork, _ node: TestNamespace, _ count: Int) throws -> [Pod] {
        try (0..<count).map { index in
            let name = "pod\(index)"
            let device = "veth\(index)"
            let v4 = IPAddress(v4: 0x0AF4_000A + UInt32(index))
            let v6 = IPAddress(bits: podNetwork + 0x10 + UInt128(index), family: .ipv6)
            let namespace = try network.addNamespace(name)
            try network.connect(node, device, namespace, "eth0")
            try node.configure([
                // Scope link: never chosen as the source of what leaves this way, only answered for.
                "addr add 169.254.1.1/32 dev \(device) scope link",
                "addr add fe80::1/64 dev \(device) nodad",
                "route add \(v4)/32 dev \(device) src \(podGateway(.ipv4))",
                "route add \(v6)/128 dev \(device) src \(podGateway(.ipv6))",
            ])
            try namespace.configure([
                "addr add \(v4)/32 dev eth0",
                "addr add \(v6)/128 dev eth0 nodad",
                "route add 169.254.1.1 dev eth0 scope link",
                "route add default via 169.254.1.1 dev eth0",
                "route add ::/0 via fe80::1 dev eth0",
            ])
            return Pod(namespace: namespace, ipv4: v4, ipv6: v6, name: name)
        }
    }
}
