internal import KubernetesModel
internal import KubernetesModelTesting
package import NetworkTypes

/// The one small cluster all conformance cases play in, the same in tables, tracers and namespaces.
///
///     clients 192.0.2.10...  ----  node-a 192.0.2.1  ----  pods a0, a1, a2  10.244.0.10...
///     outside 192.0.4.2      ----         172.31.0.1 ----  node-b 192.0.3.2 ---- pods b0, b1, b2  10.244.1.10...
///
/// Cases are seen from node-a. Pods a1, a2, b1 and b2 serve; a0 and b0 only ask. What no Service takes
/// on its way is answered by the node itself where the address is the node's, else by `outside`, which
/// has every address of the load balancer, external and Service ranges.
package enum World {
    package static let node = "node-a"
    package static let otherNode = "node-b"
    package static let zone = "zone-1"
    package static let otherZone = "zone-2"
    package static let localPods = ["a0", "a1", "a2"]
    package static let remotePods = ["b0", "b1", "b2"]
    package static let pods = localPods + remotePods
    /// Addresses a client can ask from.
    package static let clientCount = 12

    package static func pod(_ name: String, _ family: IPFamily) -> IPAddress {
        let index = UInt32(name.utf8.last.map { $0 - UInt8(ascii: "0") } ?? 0)
        let isLocal = name.hasPrefix("a")
        return family == .ipv4
            ? IPAddress(v4: (isLocal ? 0x0AF4_000A : 0x0AF4_010A) + index)
            : ip("fd00:10:244:\(isLocal ? 0 : 1)::1\(index)")
    }

    /// The pod with this address.
    package static func podName(_ address: IPAddress) -> String? { pods.first { pod($0, address.family) == address } }

    /// The InternalIP of node-a: what `primary` NodePort addresses are.
    package static func nodeAddress(_ family: IPFamily) -> IPAddress {
        ip(family == .ipv4 ? "192.0.2.1" : "2001:db8:2::1")
    }

    /// Another address of node-a, towards its pods.
    package static func secondNodeAddress(_ family: IPFamily) -> IPAddress {
        ip(family == .ipv4 ? "172.31.0.1" : "fd00:172:31::1")
    }

    /// node-a's ends of its links to node-b and to `outside`.
    package static func linkAddresses(_ family: IPFamily) -> [IPAddress] {
        (family == .ipv4 ? ["192.0.3.1", "192.0.4.1"] : ["2001:db8:3::1", "2001:db8:4::1"]).map { ip($0) }
    }

    package static func nodeAddresses(_ family: IPFamily) -> [IPAddress] {
        [nodeAddress(family), secondNodeAddress(family)] + linkAddresses(family)
    }

    package static var hostAddresses: [IPAddress] { IPFamily.allCases.flatMap(nodeAddresses) }

    package static func client(_ index: Int, _ family: IPFamily) -> IPAddress {
        family == .ipv4 ? IPAddress(v4: 0xC000_020A + UInt32(index)) : ip("2001:db8:2::1\(String(index, radix: 16))")
    }

    /// Addresses of the Service with this number.
    package static func clusterIP(_ family: IPFamily, _ service: Int = 0) -> IPAddress {
        ip((family == .ipv4 ? "10.96.0.1" : "fd00:10:96::1") + "\(service)")
    }

    package static func loadBalancerIP(_ family: IPFamily, _ service: Int = 0) -> IPAddress {
        ip((family == .ipv4 ? "203.0.113.1" : "2001:db8:113::1") + "\(service)")
    }

    package static func externalIP(_ family: IPFamily, _ service: Int = 0) -> IPAddress {
        ip((family == .ipv4 ? "198.51.100.1" : "2001:db8:51::1") + "\(service)")
    }

    package static func nodePort(_ service: Int = 0) -> PortNumber { service == 0 ? 30080 : 30081 }

    /// An address of the Service range that no Service has.
    package static func unallocated(_ family: IPFamily) -> IPAddress {
        ip(family == .ipv4 ? "10.96.99.99" : "fd00:10:96::9999")
    }

    package static let clusterCIDRs = ["10.244.0.0/16", "fd00:10:244::/48"].map { prefix($0) }
    package static let nodeCIDRs = ["10.244.0.0/24", "fd00:10:244::/64"].map { prefix($0) }
    package static let serviceRanges = ["10.96.0.0/12", "fd00:10:96::/112"].map { prefix($0) }

    /// Port 80 of Services is port 8080 of their pods, unless a case says otherwise.
    package static let servicePort: PortNumber = 80
    package static let targetPort: PortNumber = 8080
    /// Ports that every pod answers at, over TCP and UDP.
    package static let podPorts: [PortNumber] = [8080, 8081, 8082]
    /// Ports that `outside` answers at.
    package static let outsidePorts: [PortNumber] = [80, 81, 443]
    /// Ports that node-a answers at itself.
    package static let nodePorts: [PortNumber] = [30080, 30081]
    /// A UDP port that everybody answers at, and no Service has: what is sent there proves that packets
    /// sent before have arrived.
    package static let markerPort: PortNumber = 9090

    package static func otherNodeAddress(_ family: IPFamily) -> IPAddress {
        ip(family == .ipv4 ? "192.0.3.2" : "2001:db8:3::2")
    }

    package static func outsideAddress(_ family: IPFamily) -> IPAddress {
        ip(family == .ipv4 ? "192.0.4.2" : "2001:db8:4::2")
    }
}
