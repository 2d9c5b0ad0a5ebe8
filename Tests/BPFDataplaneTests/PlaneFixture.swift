import BPF
@testable import BPFDataplane
import BPFTesting
import Dataplane
import DataplaneTesting
import LinuxSystem
import Netlink
import NetworkNamespaceTesting
import NetworkTypes
import ServiceTable

/// A node with pods, pins and a cgroup of its own; gone with the last reference.
final class PlaneFixture: Sendable {
    static let nodePort: UInt16 = 30080
    static let podPort: UInt16 = 9090

    let topology: ServiceTopology
    let pins: TemporaryPins
    let cgroup: TestCgroup
    let echo: String

    init(_ topology: ServiceTopology) throws {
        self.topology = topology
        pins = try TemporaryPins()
        cgroup = try TestCgroup()
        echo = try productPath("fairway-echo")
    }

    static func make(pods: Int = 2) async throws -> PlaneFixture {
        let made = try PlaneFixture(try await ServiceTopology.make(pods: pods))
        for pod in made.topology.pods {
            let server = try pod.namespace.start(
                [made.echo, "--name", pod.name, "--tcp", "\(podPort)", "--udp", "\(podPort)"])
            try await server.waitForLine(containing: "ready")
        }
        return made
    }

    func close() { topology.close() }

    var pinPath: String { "\(pins.path)/fairway" }

    func settings(_ change: (inout BPFSettings) -> Void = { _ in }) -> BPFSettings {
        var settings = BPFSettings()
        settings.pinPath = pinPath
        settings.cgroup = cgroup.path
        change(&settings)
        return settings
    }

    static func clusterIP(_ family: IPFamily) -> IPAddress { .text(family == .ipv4 ? "10.96.0.10" : "fd00:10:96::a") }

    /// A Service `web` over the pods, TCP and UDP, at its ClusterIP and NodePort.
    func table(pods count: Int? = nil, scheduler: Scheduler = .random) -> ServiceTable {
        let pods = topology.pods.prefix(count ?? topology.pods.count)
        let plain = Verdict.balance(.cluster, masquerade: false)
        let outside = Verdict.balance(.cluster, masquerade: true)
        let verdicts = pods.isEmpty ? OriginVerdicts(all: .reject) : OriginVerdicts(pod: plain, node: plain, outside: outside)
        let ports = IPFamily.allCases.flatMap { family in
            [TransportProtocol.tcp, .udp].map { transport in
                ServicePort.named(
                    "web", port: "\(transport)", transport, family: family, scheduler: scheduler,
                    cluster: pods.map { Backend(address: $0.address(family), port: PortNumber(rawValue: Self.podPort) ?? 1, isLocal: true) },
                    frontends: [
                        .clusterIP("\(Self.clusterIP(family))", 80, verdicts),
                        .nodePort(PortNumber(rawValue: Self.nodePort) ?? 1, verdicts),
                    ])
            }
        }
        return .of(
            ports,
            node: NodeTable(
                localDetector: .sourcePrefixes([IPPrefix("10.244.0.0/16"), IPPrefix("fd00:10:244::/48")].compactMap { $0 }),
                nodePortAddresses: IPFamily.allCases.map(ServiceTopology.nodeAddress)))
    }

    /// The programs of ours at each interface of the node but loopback, by its name.
    func attached() throws -> [String: Int] {
        try topology.node.insideBlocking { try Self.attached() }
    }

    static func attached() throws -> [String: Int] {
        var found: [String: Int] = [:]
        for link in try NodeAddresses().links() where !link.isLoopback {
            found[link.name] = try TrafficHook.Direction.allCases.count {
                try TrafficFilter.query(TrafficHook(interfaceIndex: link.index, $0), at: PacketHooks.place) != nil
            }
        }
        return found
    }
}

extension BPFDataplane {
    mutating func synchronize(_ table: ServiceTable) throws(DataplaneError) {
        for family in IPFamily.allCases { _ = try synchronize(table, family: family) }
    }

    mutating func apply(_ new: ServiceTable, after old: ServiceTable) throws(DataplaneError) {
        for family in IPFamily.allCases { _ = try apply(new.changes(from: old, family: family), family: family) }
    }
}

extension BPFDataplane {
    func working() throws -> BPFEngine {
        guard let engine else { throw TestSupportError("it does not work yet") }
        return engine
    }
}
