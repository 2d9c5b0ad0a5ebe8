import LinuxSystem
import Netlink
import NetworkNamespaceTesting
import NetworkTypes
import Testing

@Suite(.timeLimit(.minutes(1))) struct LinkTests {
    private static func ip(_ words: String) throws {
        for command in words.split(separator: ";") {
            try run("ip", arguments: command.split(separator: " ").map { String($0) })
        }
    }

    @Test("interfaces are listed with their master, and loopback is told")
    func links() async throws {
        let (links, bridge) = try await inNetworkNamespace {
            try Self.ip(
                "link add name br0 type bridge;link add name v0 type veth peer name v1;link set v0 master br0")
            let addresses = try NodeAddresses()
            return (try addresses.links(), try addresses.interfaceIndex("br0"))
        }
        #expect(links.first { $0.name == "lo" }?.isLoopback == true)
        #expect(links.first { $0.name == "v0" }?.masterIndex == bridge)
        #expect(links.first { $0.name == "v1" }?.masterIndex == nil)
        #expect(links.first { $0.name == "v1" }?.isLoopback == false)
        #expect(links.allSatisfy { $0.hasEthernetHeaders })
    }

    @Test("the default route of least metric tells its interface")
    func defaultRoute() async throws {
        let (none, found, index, ipv6) = try await inNetworkNamespace {
            let addresses = try NodeAddresses()
            let none = try addresses.defaultRouteInterface(.ipv4)
            try Self.ip(
                """
                link add name v0 type veth peer name v1;link set v0 up;link set v1 up;addr add 192.0.2.1/24 dev v0;\
                addr add 192.0.3.1/24 dev v1;route add default via 192.0.2.2 metric 200;\
                route add default via 192.0.3.2 metric 100;route add 198.51.100.0/24 via 192.0.2.2
                """)
            return (
                none, try addresses.defaultRouteInterface(.ipv4), try addresses.interfaceIndex("v1"),
                try addresses.defaultRouteInterface(.ipv6)
            )
        }
        #expect(none == nil)
        #expect(found == index)
        #expect(ipv6 == nil)
    }

    @Test("an interface that comes, goes or changes is told, with the index of one that went")
    func changes() async throws {
        try await inNetworkNamespace {
            var monitor = try LinkMonitor(stop: NetlinkStop())
            try Self.ip("link add name v0 type veth peer name v1")
            #expect(try monitor.next()?.removed == [])
            let index = try #require(try NodeAddresses().interfaceIndex("v0"))
            try Self.ip("addr add 192.0.2.1/32 dev v0")
            #expect(try monitor.next()?.removed == [])
            try Self.ip("link del v0")
            var removed: Set<UInt32> = []
            while !removed.contains(index) { removed.formUnion(try #require(try monitor.next()).removed) }
        }
    }

    @Test("a qdisc and filters that go from an interface are told, and what comes there is not")
    func unhooked() async throws {
        try await inNetworkNamespace {
            try Self.ip("link add name v0 type veth peer name v1")
            let index = try #require(try NodeAddresses().interfaceIndex("v0"))
            var monitor = try LinkMonitor(stop: NetlinkStop())
            func tc(_ words: String) throws { try run("tc", arguments: words.split(separator: " ").map { String($0) }) }
            try tc("qdisc add dev v0 clsact")
            try tc("filter add dev v0 ingress prio 7 protocol ip u32 match ip src 192.0.2.77/32 classid 1:1")
            let nothing = try #require(try monitor.next(within: .zero))
            #expect(nothing.unhooked == [] && !nothing.isListOutdated)
            for words in ["filter del dev v0 ingress", "qdisc del dev v0 clsact"] {
                try tc(words)
                let change = try #require(try monitor.next())
                #expect(change.unhooked == [index], "\(words)")
                #expect(!change.isListOutdated)
            }
        }
    }

    @Test("stopping ends the waiting")
    func stops() async throws {
        try await inNetworkNamespace {
            let stop = try NetlinkStop()
            var monitor = try LinkMonitor(stop: stop)
            stop.signal()
            #expect(try monitor.next() == nil)
        }
    }
}
