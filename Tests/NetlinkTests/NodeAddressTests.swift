import LinuxSystem
import Netlink
import NetworkTypes
import Testing

@Suite(.timeLimit(.minutes(1))) struct NodeAddressTests {
    private static func ip(_ words: String) throws {
        for command in words.split(separator: ";") {
            let arguments = command.split(separator: " ").map { String($0) }
            try run("ip", arguments: arguments)
        }
    }

    @Test("both families are listed with interface, prefix and scope")
    func list() async throws {
        try await inNetworkNamespace {
            let addresses = try NodeAddresses()
            #expect(try addresses.list().isEmpty)
            try NodeAddressTests.ip(
                """
                link set lo up;link add name v0 type veth peer name v1;link set v0 up;link set v1 up;\
                addr add 192.0.2.1/24 dev v0;addr add 192.0.2.7 peer 192.0.2.8 dev v1;\
                addr add 2001:db8::1/64 dev v0 nodad;addr add 169.254.1.1/16 dev v1 scope link
                """)
            let list = try addresses.list()
            func find(_ text: String) -> NodeAddress? { list.first { $0.address.description == text } }
            let first = try #require(find("192.0.2.1"))
            #expect(first.interfaceName == "v0")
            #expect(first.prefixLength == 24)
            #expect(first.scope == .universe)
            #expect(!first.isTentative)
            #expect(find("127.0.0.1")?.scope == .host)
            #expect(find("127.0.0.1")?.interfaceName == "lo")
            #expect(find("::1")?.prefixLength == 128)
            #expect(find("2001:db8::1")?.prefixLength == 64)
            #expect(find("169.254.1.1")?.scope == .link)
            // Ours, not the peer's.
            #expect(find("192.0.2.7")?.interfaceName == "v1")
            #expect(find("192.0.2.8") == nil)
            #expect(list == list.sorted { ($0.address, $0.interfaceIndex) < ($1.address, $1.interfaceIndex) })
        }
    }

    @Test("adding and removing an address is told")
    func changes() async throws {
        try await inNetworkNamespace {
            var monitor = try NodeAddressMonitor(stop: NetlinkStop())
            let addresses = try NodeAddresses()
            try NodeAddressTests.ip("addr add 192.0.2.9/32 dev lo")
            #expect(try monitor.next())
            #expect(try addresses.list().map(\.address.description) == ["192.0.2.9"])
            try NodeAddressTests.ip("addr add 2001:db8::9/128 dev lo")
            #expect(try monitor.next())
            try NodeAddressTests.ip("addr del 192.0.2.9/32 dev lo")
            #expect(try monitor.next())
            #expect(try !addresses.list().contains { $0.address.family == .ipv4 })
        }
    }

    @Test("stopping ends the wait")
    func stopping() async throws {
        let stop = try NetlinkStop()
        stop.signal()
        let ended = try await inNetworkNamespace {
            var monitor = try NodeAddressMonitor(stop: stop)
            return try monitor.next() == false
        }
        #expect(ended)
    }
}
