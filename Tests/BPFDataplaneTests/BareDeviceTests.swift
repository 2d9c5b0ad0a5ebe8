import BPF
import CBPFMaps
import DataplaneTesting
import Glibc
import LinuxSystem
import Netlink
import NetworkNamespaceTesting
import NetworkTypes
import Testing

@testable import BPFDataplane

/// Clients behind a device whose packets begin with the IP header.
@Suite(.enabled(if: Requirement.root, "needs root: makes network namespaces, loads BPF programs"), .timeLimit(.minutes(2)))
struct BareDeviceTests {
    /// The first is like most; the others have, where Ethernet has its type, that of IPv4, IPv6 or a tag.
    static let clients = [
        "198.51.100.7", "8.0.1.1", "8.0.69.1", "134.221.1.1", "129.0.1.1", "2001:db8:7::1", "2001:db8:800::1",
        "2001:db8:86dd::1", "2001:db8:8100::1",
    ]

    @Test(arguments: clients, [true, false])
    func `a client behind it is served, whatever its address`(_ text: String, isNodePort: Bool) async throws {
        let fixture = try await PlaneFixture.make(pods: 1)
        defer { fixture.close() }
        let client = SocketAddress(.text(text), port: 40_000)
        let family = client.address.family
        let service =
            isNodePort
            ? SocketAddress(ServiceTopology.nodeAddress(family), port: PlaneFixture.nodePort)
            : SocketAddress(PlaneFixture.clusterIP(family), port: 80)
        let (answer, flags) = try await fixture.topology.node.inside {
            let device = try BareDevice(named: "bare0")
            try fixture.topology.node.configure([
                "link set bare0 up", "route add \(client.address)/\(family == .ipv4 ? 32 : 128) dev bare0",
            ])
            var dataplane = BPFDataplane(fixture.settings())
            try dataplane.synchronize(fixture.table())
            let index = try #require(try NodeAddresses().interfaceIndex("bare0"))
            let flags = try dataplane.working().state.maps.interfaces.lookup(index)?.flags ?? 0
            try device.deliver(BareDatagram(client, to: service, payload: "hello").packet)
            let answer = try device.nextDatagram(before: .now + .seconds(20))
            _ = try dataplane.cleanup()
            return (answer, flags)
        }
        #expect(flags & UInt32(FW_INTERFACE_BARE) != 0)
        #expect(answer?.source == service)
        #expect(answer?.destination == client)
        let said = answer.map { String(decoding: $0.payload, as: UTF8.self) } ?? ""
        #expect(said.contains("pod0") && said.contains("hello"), "\(said)")
    }

    @Test func `interfaces with Ethernet headers are not taken for such`() async throws {
        let fixture = try await PlaneFixture.make(pods: 1)
        defer { fixture.close() }
        let bare = try await fixture.topology.node.inside {
            let device = try BareDevice(named: "bare0")
            let links = try NodeAddresses().links()
            withExtendedLifetime(device) {}
            return links.filter { !$0.hasEthernetHeaders }.map(\.name)
        }
        #expect(bare == ["bare0"])
    }
}
