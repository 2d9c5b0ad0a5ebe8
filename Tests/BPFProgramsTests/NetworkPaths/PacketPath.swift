import BPF
import CBPFMaps
import Glibc
import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes

/// A client, a node with the packet programs on its interfaces, and a backend behind a router with a narrow link:
///
///     client  ----  node  ----  router (pod0)  --MTU 1300--  far
final class PacketPath: Sendable {
    let topology: ServiceTopology
    let far: TestNamespace
    let stage: PacketStage
    let family: IPFamily

    static let narrow = 1300
    static let place = TrafficFilterPlace(priority: 7, handle: 7)

    init(_ family: IPFamily) throws {
        self.family = family
        topology = try ServiceTopology(pods: 1)
        far = try topology.network.addNamespace("far")
        stage = try PacketStage(isAttached: true)
        var settings = PacketStage.plainSettings
        settings.ipv4 = fw_address(ServiceTopology.nodeAddress(.ipv4))
        settings.ipv6 = fw_address(ServiceTopology.nodeAddress(.ipv6))
        try stage.settings.update(0, settings)
        try join()
        try topology.node.insideBlocking { [self] in
            for device in ["eth0", "veth0"] { try attach(to: device) }
        }
    }

    func close() { topology.close() }

    private func join() throws {
        let router = topology.pods[0]
        try router.namespace.setSysctl("net/ipv4/ip_forward", "1")
        try router.namespace.setSysctl("net/ipv6/conf/all/forwarding", "1")
        try topology.network.connect(router.namespace, "far0", far, "eth0")
        for (namespace, device, last) in [(router.namespace, "far0", 1), (far, "eth0", 2)] {
            try namespace.configure([
                "link set \(device) mtu \(Self.narrow)", "addr add 10.244.7.\(last)/24 dev \(device)",
                "addr add fd00:10:244:7::\(last)/64 dev \(device) nodad",
            ])
        }
        try far.configure(["route add default via 10.244.7.1", "route add ::/0 via fd00:10:244:7::1"])
        try topology.node.configure([
            "route add 10.244.7.0/24 via \(router.ipv4) dev veth0 onlink",
            "route add fd00:10:244:7::/64 via \(router.ipv6) dev veth0",
        ])
    }

    /// In the calling thread's namespace.
    private func attach(to device: String) throws {
        // SAFETY: the string lives for the call.
        let index = unsafe if_nametoindex(device)
        try TrafficFilter.ensureQdisc(interfaceIndex: index)
        try TrafficFilter.attach(stage.ingress, to: TrafficHook(interfaceIndex: index, .ingress), at: Self.place)
        try TrafficFilter.attach(stage.egress, to: TrafficHook(interfaceIndex: index, .egress), at: Self.place)
    }

    var backend: Endpoint { Endpoint(family == .ipv4 ? "10.244.7.2" : "fd00:10:244:7::2", 8080) }
    var clusterIP: Endpoint { Endpoint(family == .ipv4 ? "10.96.0.10" : "fd00:10:96::a", 80) }
    var nodePort: Endpoint { Endpoint(ServiceTopology.nodeAddress(family), 30_080) }

    /// Has a frontend lead to the backend.
    func balance(_ frontend: Endpoint, _ transport: UInt8, isMasqueraded: Bool, isNodePort: Bool = false) throws {
        let verdict = isMasqueraded ? StagedService.masqueraded : StagedService.balanced
        try stage.add(
            StagedService(
                frontend: frontend, transport: transport, backends: [StagedBackend(id: 70, endpoint: backend)],
                verdicts: [verdict, verdict, verdict], isNodePort: isNodePort))
    }
}
