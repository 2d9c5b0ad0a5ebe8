import BPFDataplane
import DataplaneTesting
import Netlink
import NetworkTypes
import ServiceTable
import Testing

@Suite struct InterfaceChoiceTests {
    @Test(arguments: [
        ("eth0", "eth0", true), ("eth0", "eth1", false), ("eth0", "eth01", false), ("veth*", "veth12", true),
        ("veth*", "eth0", false), ("eth0, veth*", "veth1", true), ("*", "anything", true),
    ])
    func `names and beginnings of names`(text: String, name: String, isChosen: Bool) throws {
        let choice = try #require(InterfaceChoice(text))
        #expect(choice.contains(name) == isChosen)
    }

    @Test(arguments: ["", "eth0,", "a*b", "a/b", "interface-name-of-17", "eth 0"])
    func `what is no list is refused`(text: String) { #expect(InterfaceChoice(text) == nil) }

    @Test func `without a list every interface is chosen`() { #expect(InterfaceChoice().contains("eth0")) }
}

@Suite struct NodeNetworkTests {
    private static func address(
        _ text: String, on index: UInt32, scope: NodeAddress.Scope = .universe, flags: UInt32 = 0
    ) -> NodeAddress {
        NodeAddress(
            address: .text(text), prefixLength: 24, interfaceIndex: index, interfaceName: "", scope: scope, flags: flags)
    }

    private static var network: NodeNetwork {
        var network = NodeNetwork()
        network.links = [
            NetworkLink(index: 1, name: "lo", isLoopback: true), NetworkLink(index: 2, name: "eth0"),
            NetworkLink(index: 3, name: "cbr0"), NetworkLink(index: 4, name: "veth1", masterIndex: 3),
        ]
        network.addresses = [
            address("127.0.0.1", on: 1, scope: .host), address("169.254.1.1", on: 4, scope: .link),
            address("192.0.2.1", on: 2), address("198.51.100.1", on: 3), address("fe80::1", on: 2, scope: .link),
            // IFA_F_TENTATIVE of linux/if_addr.h.
            address("2001:db8::1", on: 2, flags: 0x40), address("2001:db8::2", on: 2),
        ]
        network.defaultInterfaces = [.ipv4: 2]
        return network
    }

    @Test func `an interface's own address is what it masquerades to, when it reaches beyond the link`() {
        #expect(Self.network.masqueradeAddress(.ipv4, ofInterface: 2) == .text("192.0.2.1"))
        #expect(Self.network.masqueradeAddress(.ipv4, ofInterface: 4) == nil)
        #expect(Self.network.masqueradeAddress(.ipv6, ofInterface: 2) == .text("2001:db8::2"))
    }

    @Test func `the node's address is one that serves NodePorts, else that of the default route`() {
        #expect(Self.network.nodeAddress(.ipv4, preferred: [.text("198.51.100.1")]) == .text("198.51.100.1"))
        #expect(Self.network.nodeAddress(.ipv4, preferred: [.text("203.0.113.1")]) == .text("192.0.2.1"))
        #expect(Self.network.nodeAddress(.ipv6, preferred: []) == .text("2001:db8::2"))
        #expect(NodeNetwork().nodeAddress(.ipv4, preferred: []) == nil)
    }

    @Test(arguments: [
        (LocalDetector.interface("cbr0"), ["cbr0", "veth1"]), (.interfacePrefix("veth"), ["veth1"]), (.none, []),
        (.sourcePrefixes([]), []),
    ])
    func `pods are told by interface, ports of the bridge among them`(detector: LocalDetector, names: [String]) {
        let found = Self.network.links.filter { Self.network.isFromPods($0, detector) }.map(\.name)
        #expect(found == names)
    }
}
