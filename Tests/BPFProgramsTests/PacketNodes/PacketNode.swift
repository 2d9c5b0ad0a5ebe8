import BPF
import CBPFMaps
import Glibc
import NetworkNamespaceTesting
import NetworkTypes

/// A node with a client and pods in namespaces of their own, and packet programs of its own.
final class PacketNode: Sendable {
    let stage: PacketStage
    let topology: ServiceTopology
    /// By their names in the node's namespace: eth0 towards the client, veth0 and on towards the pods.
    let interfaceIndexes: [String: UInt32]

    init(pods: Int) async throws {
        let topology = try await ServiceTopology.make(pods: pods)
        let names = ["eth0", "pods0"] + (0..<pods).map { "veth\($0)" }
        self.topology = topology
        interfaceIndexes = try await topology.node.inside {
            // SAFETY: the C string lives for the call.
            Dictionary(uniqueKeysWithValues: names.map { ($0, unsafe if_nametoindex($0)) })
        }
        stage = try PacketStage(isAttached: true)
        try writeAddresses()
    }

    /// What is masqueraded towards pods gets the address that the node has there.
    private func writeAddresses() throws {
        var settings = PacketStage.plainSettings
        settings.ipv4 = fw_address(ServiceTopology.nodeAddress(.ipv4))
        settings.ipv6 = fw_address(ServiceTopology.nodeAddress(.ipv6))
        try stage.settings.update(0, settings)
        var interface = fw_interface()
        interface.ipv4 = fw_address(ServiceTopology.podGateway(.ipv4))
        interface.ipv6 = fw_address(ServiceTopology.podGateway(.ipv6))
        for (name, index) in interfaceIndexes where name.hasPrefix("veth") {
            try stage.interfaces.update(index, interface)
        }
    }

    /// A Service whose only backend is a pod.
    func service(
        _ family: IPFamily, _ transport: UInt8, pod: Int = 0, isMasqueraded: Bool = true
    ) -> StagedService {
        var service = StagedService.sample(family, transport, isMasqueraded: isMasqueraded)
        service.frontend = Endpoint(family == .ipv4 ? "10.96.0.10" : "fd00:10:96::a", 80)
        service.backends[0].endpoint = Endpoint(topology.pods[pod].address(family), 8080)
        service.backends[0].flags = UInt32(FW_BACKEND_LOCAL)
        return service
    }

    /// Runs a frame as if the node's stack had it.
    func run(_ hook: PacketStage.Hook, _ frame: [UInt8], isOwn: Bool = false) async throws -> BPFTestResult {
        try await topology.node.inside { try self.stage.run(hook, frame, isOwn: isOwn) }
    }

    /// Puts both programs on every interface of the node but its loopback.
    func attach() async throws {
        let place = TrafficFilterPlace(priority: 1, handle: 1)
        try await topology.node.inside {
            for index in self.interfaceIndexes.values {
                try TrafficFilter.ensureQdisc(interfaceIndex: index)
                try TrafficFilter.attach(self.stage.ingress, to: TrafficHook(interfaceIndex: index, .ingress), at: place)
                try TrafficFilter.attach(self.stage.egress, to: TrafficHook(interfaceIndex: index, .egress), at: place)
            }
        }
    }
}
