import DataplaneTesting
import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import NftablesDataplane
import ServiceTable
import Testing

/// A node whose Fairway table has the Service `dns`, pods behind it, and a client pod; a holder of its
/// ClusterIP can be started beside a server.
struct LocalNode: Sendable {
    static let port: UInt16 = 53
    private static let podPort: UInt16 = 9053

    let topology: ServiceTopology
    private let echo: String
    private let holderPath: String

    var node: TestNamespace { topology.node }
    /// Asks; no endpoint of the Service.
    var client: TestNamespace { topology.pods[1].namespace }

    static func clusterIP(_ family: IPFamily) -> IPAddress { .text(family == .ipv4 ? "10.96.0.10" : "fd00:10:96::a") }
    static func target(_ family: IPFamily) -> SocketAddress { SocketAddress(clusterIP(family), port: port) }

    /// pod0 is the endpoint on another server than this node's; the table is in the kernel.
    static func make() async throws -> LocalNode {
        let made = LocalNode(
            topology: try await ServiceTopology.make(pods: 2), echo: try productPath("fairway-echo"),
            holderPath: try productPath("local-address-holder"))
        do {
            let other = made.topology.pods[0]
            let server = try other.namespace.start(
                [made.echo, "--name", "other", "--tcp", "\(podPort)", "--udp", "\(podPort)"])
            try await server.waitForLine(containing: "ready")
            let table = made.table
            try await made.node.inside {
                var dataplane = try NftablesDataplane()
                for family in IPFamily.allCases { _ = try dataplane.synchronize(table, family: family) }
            }
        } catch {
            made.close()
            throw error
        }
        return made
    }

    func close() { topology.close() }

    private var table: ServiceTable {
        let ports = IPFamily.allCases.flatMap { family in
            [TransportProtocol.udp, .tcp].map { transport in
                ServicePort(
                    key: ServicePortKey(
                        id: ServicePortID(
                            namespace: "kube-system", service: "dns", portName: "\(transport)", protocol: transport),
                        family: family),
                    clusterBackends: BackendSet([
                        Backend(
                            address: topology.pods[0].address(family),
                            port: PortNumber(rawValue: Self.podPort) ?? 1, isLocal: true)
                    ]),
                    frontends: [
                        Frontend(
                            kind: .clusterIP, destination: .address(Self.clusterIP(family)),
                            port: PortNumber(rawValue: Self.port) ?? 1,
                            verdicts: OriginVerdicts(all: .balance(.cluster, masquerade: false)))
                    ])
            }
        }
        let ranges = ["10.96.0.0/12", "fd00:10:96::/112"].compactMap { IPPrefix($0) }
        return .of(ports, node: NodeTable(serviceRanges: ranges))
    }

    /// A process that has the addresses local; it does not answer yet.
    func startHolder() async throws -> RunningProcess {
        let frontends = IPFamily.allCases.flatMap { ["udp/\(Self.target($0))", "tcp/\(Self.target($0))"] }
        let holder = try node.start([holderPath] + frontends)
        try await holder.waitForLine(containing: "local")
        return holder
    }

    /// A server at the local addresses of that name.
    func startServer(_ name: String) async throws -> RunningProcess {
        let listeners = IPFamily.allCases.flatMap { ["--udp", "\(Self.target($0))", "--tcp", "\(Self.target($0))"] }
        let server = try node.start([echo, "--name", name] + listeners)
        try await server.waitForLine(containing: "ready")
        return server
    }

    /// Who answers, or what went wrong; a line each.
    func ask(
        _ transport: String, _ family: IPFamily, from origin: TestNamespace, source: SocketAddress? = nil,
        count: Int = 1, timeout: String = "5s"
    ) async throws -> [String] {
        let output = try await origin.run(
            [echo, "connect", transport, "\(Self.target(family))", "--count", "\(count)", "--timeout", timeout]
                + (source.map { ["--bind", "\($0)"] } ?? []),
            timeout: .seconds(30))
        return output.standardOutput.split(separator: "\n").map { line in
            line.split(separator: " ").first.map { String($0) } ?? ""
        }
    }

    /// Asks without an end, so many times a second.
    func keepAsking(_ transport: String, _ family: IPFamily, rate: Int) throws -> RunningProcess {
        try client.start([
            echo, "connect", transport, "\(Self.target(family))", "--rate", "\(rate)", "--count", "1000000", "--timeout",
            "5s",
        ])
    }

    /// Entries of connection tracking from or to the ClusterIP's port.
    func tracked(_ family: IPFamily) async throws -> [String] {
        let output = try await node.run(["conntrack", "-L", "-f", family == .ipv4 ? "ipv4" : "ipv6"])
        try #require(output.status.isSuccess, "\(output)")
        let address = "=\(Self.clusterIP(family)) "
        return output.standardOutput.split(separator: "\n").map { String($0) }.filter { $0.contains(address) }
    }
}
