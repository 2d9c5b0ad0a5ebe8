import Conntrack
import DataplaneTesting
import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import NftablesDataplane
import ServiceTable
import Testing

/// A node that serves `echo` by Fairway's own nftables table, pods that answer with their names, and a
/// client outside.
struct ServiceNode: Sendable {
    static let servicePort: UInt16 = 5353
    static let nodePort: UInt16 = 30053
    static let podPort: UInt16 = 9090

    let topology: ServiceTopology
    let echo: String

    static func make() async throws -> ServiceNode {
        let made = ServiceNode(topology: try await ServiceTopology.make(pods: 2), echo: try productPath("fairway-echo"))
        for pod in made.topology.pods {
            let server = try pod.namespace.start(
                [made.echo, "--name", pod.name, "--tcp", "\(podPort)", "--udp", "\(podPort)"])
            try await server.waitForLine(containing: "ready")
        }
        // Connections are tracked from the first, whoever needs it.
        _ = try await made.topology.node.run(
            ["nft", "add table inet tracked; add chain inet tracked all { type filter hook prerouting priority 0; }; add rule inet tracked all ct state new counter"])
        return made
    }

    func close() { topology.close() }

    /// A table with these pods behind `echo`, and behind every kind of frontend.
    func table(_ transport: TransportProtocol, pods: [Int], lingering: [Int] = []) -> ServiceTable {
        func places(_ numbers: [Int], _ family: IPFamily) -> [Backend] {
            numbers.map {
                Backend(
                    address: topology.pods[$0].address(family), port: PortNumber(rawValue: Self.podPort) ?? 1,
                    isLocal: true)
            }
        }
        let verdicts = OriginVerdicts(all: pods.isEmpty ? .reject : .balance(.cluster, masquerade: false))
        let ports = IPFamily.allCases.map { family in
            ServicePort(
                key: ServicePortKey(
                    id: ServicePortID(namespace: "default", service: "echo", portName: "", protocol: transport),
                    family: family),
                clusterBackends: BackendSet(places(pods, family)),
                frontends: [
                    .clusterIP(Self.clusterIP(family), PortNumber(rawValue: Self.servicePort) ?? 1, verdicts),
                    .nodePort(PortNumber(rawValue: Self.nodePort) ?? 1, verdicts),
                ], lingering: places(lingering, family))
        }
        return .of(ports, node: NodeTable(nodePortAddresses: IPFamily.allCases.map { ServiceTopology.nodeAddress($0) }))
    }

    static func clusterIP(_ family: IPFamily) -> String { family == .ipv4 ? "10.96.0.53" : "fd00:10:96::53" }

    static func target(_ frontend: Frontend.Kind, _ family: IPFamily) -> SocketAddress {
        frontend == .nodePort
            ? SocketAddress(ServiceTopology.nodeAddress(family), port: nodePort)
            : SocketAddress(.text(clusterIP(family)), port: servicePort)
    }

    /// Brings the kernel to a table.
    func synchronize(_ table: ServiceTable) async throws {
        try await topology.node.inside {
            var dataplane = try NftablesDataplane()
            for family in IPFamily.allCases { _ = try dataplane.synchronize(table, family: family) }
        }
    }

    /// Carries out the sweeps of a step.
    @discardableResult
    func sweep(
        from old: ServiceTable, to new: ServiceTable, family: IPFamily, closesTCP: Bool = false
    ) async throws -> FlowSweeper.Report {
        let sweeps = StaleFlows(closesTCP: closesTCP).sweeps(of: new.changes(from: old), family: family)
        return try await topology.node.inside {
            try FlowSweeper(closesTCP: closesTCP).run(sweeps) { FlowSweeper.Tables(generation: 0, tables: [new]) }
        }
    }

    /// Asks once from the client, from one source port: the name of the pod that answers, or what went wrong.
    func ask(_ target: SocketAddress, port: UInt16, timeout: String = "3s") async throws -> String {
        let source = SocketAddress(ServiceTopology.clientAddress(target.family), port: port)
        let output = try await topology.client.run(
            [echo, "connect", "udp", "\(target)", "--bind", "\(source)", "--timeout", timeout])
        return output.standardOutput.split(whereSeparator: { $0 == " " || $0 == "\n" }).first.map { String($0) } ?? ""
    }

    /// What `conntrack -L` prints of a protocol's flows to a destination, one line each.
    func listed(_ protocol: String, to target: SocketAddress) async throws -> [String] {
        let output = try await topology.node.run(
            ["conntrack", "-L", "-f", target.family == .ipv4 ? "ipv4" : "ipv6", "-p", `protocol`, "-d", "\(target.address)"])
        try #require(output.status.isSuccess, "\(output)")
        return output.standardOutput.split(separator: "\n").map { String($0) }.filter { $0.contains("dport=\(target.port) ") }
    }
}
