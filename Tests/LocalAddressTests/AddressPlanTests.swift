@testable import LocalAddress
@testable import Netlink
import NetworkTypes
import Testing

@Suite struct AddressPlanTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var wanted: [String]
        /// `ADDRESS INDEX INTERFACE`; the own interface is 7.
        var present: [String]
        var added: [String] = []
        var removed: [String] = []
        var foreign: [String] = []
        var held: [String] = []
        var own: UInt32? = 7
    }

    static let cases: [Case] = [
        Case(testDescription: "nothing", wanted: [], present: ["127.0.0.1 1 lo"]),
        Case(
            testDescription: "new addresses are added in order", wanted: ["fd00::10", "10.96.0.10"],
            present: ["127.0.0.1 1 lo"], added: ["10.96.0.10", "fd00::10"]),
        Case(
            testDescription: "what is there stays, what is not wanted any more goes", wanted: ["10.96.0.10"],
            present: ["10.96.0.10 7 fairway-dns0", "10.96.0.11 7 fairway-dns0"], removed: ["10.96.0.11"]),
        Case(
            testDescription: "an address that another process of Fairway has is added too", wanted: ["10.96.0.10"],
            present: ["10.96.0.10 3 fairway-dns1"], added: ["10.96.0.10"], held: ["10.96.0.10"]),
        Case(
            testDescription: "an address of somebody else's interface is left alone",
            wanted: ["169.254.20.10", "10.96.0.10"],
            present: ["169.254.20.10 4 nodelocaldns"], added: ["10.96.0.10"], foreign: ["169.254.20.10 nodelocaldns"]),
        Case(
            testDescription: "an address that somebody else took meanwhile is given up", wanted: ["10.96.0.10"],
            present: ["10.96.0.10 7 fairway-dns0", "10.96.0.10 9 kube-ipvs0"], removed: ["10.96.0.10"],
            foreign: ["10.96.0.10 kube-ipvs0"]),
        Case(
            testDescription: "other addresses of others do not matter", wanted: ["10.96.0.10"],
            present: ["192.0.2.1 2 eth0", "fe80::1 2 eth0"], added: ["10.96.0.10"]),
        Case(
            testDescription: "a link-local address that the kernel made is not removed", wanted: [],
            present: ["fe80::5 7 fairway-dns0"]),
        Case(
            testDescription: "without an interface all of Fairway's are another process's", wanted: [],
            present: ["10.96.0.10 7 fairway-dns0"], held: ["10.96.0.10"], own: nil),
    ]

    @Test(arguments: cases) func plans(_ item: Case) throws {
        let present = try item.present.map { line in
            let words = line.split(separator: " ").map { String($0) }
            let address = try #require(IPAddress(words[0]))
            return NodeAddress(
                address: address, prefixLength: address.networkBytes.count * 8,
                interfaceIndex: try #require(UInt32(words[1])), interfaceName: words[2], scope: .universe, flags: 0)
        }
        let wanted = Set(try item.wanted.map { try #require(IPAddress($0)) })
        let plan = AddressPlan(wanted: wanted, present: present, own: item.own, prefix: "fairway-dns")
        #expect(plan.added.map(\.description) == item.added)
        #expect(plan.removed.map(\.description) == item.removed)
        #expect(plan.foreign.map { "\($0.address) \($0.interfaceName)" } == item.foreign)
        #expect(plan.held.map(\.description).sorted() == item.held)
    }
}
