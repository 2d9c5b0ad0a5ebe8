import LinuxSystem
@testable import LocalAddress
import Netlink
import NetworkNamespaceTesting
import NetworkTypes
import Testing

/// The owner of local addresses against the kernel, in a namespace of each test's own.
@Suite(.enabled(if: Requirement.root, "needs root"), .timeLimit(.minutes(1)))
struct LocalAddressesTests {
    private static func frontends(_ texts: String..., port: PortNumber = 53) throws -> Set<LocalFrontend> {
        var result: Set<LocalFrontend> = []
        for text in texts {
            let address = try #require(IPAddress(text))
            result.formUnion([LocalFrontend(address, .udp, port), LocalFrontend(address, .tcp, port)])
        }
        return result
    }

    /// Addresses of Fairway's interfaces, as `fairway-dns0 10.96.0.10/32`.
    private static func held() throws -> [String] {
        try NodeAddresses().list().filter { $0.interfaceName.hasPrefix(LocalAddresses.interfacePrefix) }
            .map { "\($0.interfaceName) \($0.address)/\($0.prefixLength)" }.sorted()
    }

    private static func isolated<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await NetworkNamespace.make().inside(body)
    }

    private static func contents(_ family: NftablesFamily) throws -> LocalTable.Contents? {
        try LocalTable(family: family).contents(NftablesSocket())
    }

    @Test func `addresses of both families come, change and go with their owner`() async throws {
        try await Self.isolated {
            var monitor = try NodeAddressMonitor(stop: NetlinkStop())
            do {
                var addresses = try LocalAddresses()
                #expect(try Self.held() == [])
                for _ in 0..<2 {
                    let foreign = try addresses.set(try Self.frontends("10.96.0.10", "fd00:10:96::a"))
                    #expect(foreign == [])
                    #expect(try Self.held() == ["fairway-dns0 10.96.0.10/32", "fairway-dns0 fd00:10:96::a/128"])
                }
                let list = try NodeAddresses().list()
                #expect(list.allSatisfy { !$0.isTentative })
                #expect(list.first { $0.address.family == .ipv4 }?.scope == .host)
                #expect(list.first { $0.address.family == .ipv6 }.map { $0.flags & 0x20 } == 0x20, "deprecated")
                try addresses.set(try Self.frontends("10.96.0.11"))
                #expect(try Self.held() == ["fairway-dns0 10.96.0.11/32"])
                // A port more or less changes no address.
                try addresses.set(try Self.frontends("10.96.0.11", port: 54))
                #expect(try Self.held() == ["fairway-dns0 10.96.0.11/32"])
            }
            // Without a word: as when the process is killed. A child that another test starts at this moment
            // has the descriptor for as long as it takes to execute its program.
            while try Self.held() != [] { _ = try monitor.next() }
        }
    }

    @Test func `the table holds answers once local, questions while answering, and goes at the end`() async throws {
        try await Self.isolated {
            var addresses = try LocalAddresses()
            let (both, one) = (try Self.frontends("10.96.0.10", "fd00::a"), try Self.frontends("10.96.0.10"))
            try addresses.set(both)
            #expect(try Self.contents(.ip) == .init(questions: [], answers: one))
            try addresses.beginAnswering()
            for _ in 0..<2 {
                #expect(try Self.contents(.ip) == .init(questions: one, answers: one))
                #expect(try Self.contents(.ip6) == .init(questions: both.subtracting(one), answers: both.subtracting(one)))
                // Asked for again while answering: nothing changes.
                try addresses.set(both)
            }
            // What is new is answered at only when its server is there.
            let more = one.union(try Self.frontends("10.96.0.11"))
            try addresses.set(more)
            #expect(try Self.contents(.ip) == .init(questions: one, answers: more))
            #expect(try Self.contents(.ip6) == nil)
            try addresses.beginAnswering()
            #expect(try Self.contents(.ip) == .init(questions: more, answers: more))
            try addresses.endAnswering()
            #expect(try Self.contents(.ip) == .init(questions: [], answers: more))
            try addresses.close()
            #expect(try Self.contents(.ip) == nil)
            #expect(try Self.held() == [])
        }
    }

    @Test func `what somebody changed in the table is put right`() async throws {
        try await Self.isolated {
            var addresses = try LocalAddresses()
            let frontends = try Self.frontends("10.96.0.10")
            try addresses.set(frontends)
            try addresses.beginAnswering()
            let table = LocalTable(family: .ip)
            let socket = try NftablesSocket()
            for change in ["flushed", "deleted", "of another shape"] {
                var batch = NftablesBatch()
                switch change {
                case "flushed":
                    for chain in table.chains { try batch.flushChain(chain.name, of: table.table) }
                    try batch.flushSet(table.questions.name, of: table.table)
                case "deleted": try batch.deleteTable(table.table)
                default:
                    try batch.destroyTable(table.table)
                    try batch.addTable(table.table)
                    try batch.addSet(NftablesSet(table.questions.name, key: [.mark]), to: table.table)
                }
                try socket.commit(batch)
                try addresses.beginAnswering()
                #expect(try Self.contents(.ip) == .init(questions: frontends, answers: frontends), "\(change)")
                #expect(try socket.rules(of: table.table).map(\.rule) == table.rules, "\(change)")
            }
        }
    }

    @Test func `of two owners at a restart each leaves the other its addresses and its elements`() async throws {
        try await Self.isolated {
            let both = try Self.frontends("10.96.0.10", "fd00::a")
            let (one, other) = (try Self.frontends("10.96.0.10"), try Self.frontends("fd00::a"))
            var old = try LocalAddresses()
            try old.set(both)
            try old.beginAnswering()
            var new = try LocalAddresses()
            try new.set(both)
            #expect(try Self.held().count == 4)
            try new.beginAnswering()
            try old.endAnswering()
            #expect(try Self.contents(.ip) == .init(questions: one, answers: one))
            try old.close()
            #expect(try Self.held() == ["fairway-dns1 10.96.0.10/32", "fairway-dns1 fd00::a/128"])
            #expect(try Self.contents(.ip6) == .init(questions: other, answers: other))
            try new.endAnswering()
            #expect(try Self.contents(.ip6) == .init(questions: [], answers: other))
            try new.close()
            #expect(try Self.contents(.ip) == nil)
        }
    }

    @Test func `an address on somebody else's interface is left alone and told`() async throws {
        try await Self.isolated {
            let own = try #require(IPAddress("169.254.20.10"))
            let socket = try NodeAddresses()
            let lo = try #require(try socket.interfaceIndex("lo"))
            try socket.add(own, toInterface: lo)
            var addresses = try LocalAddresses()
            let wanted = try Self.frontends("169.254.20.10", "10.96.0.10")
            let foreign = try addresses.set(wanted)
            #expect(foreign == [ForeignAddress(address: own, interfaceName: "lo")])
            #expect(foreign.first?.description.contains("169.254.20.10 is local on lo") == true)
            #expect(addresses.frontends == (try Self.frontends("10.96.0.10")))
            #expect(try Self.held() == ["fairway-dns0 10.96.0.10/32"])
            try addresses.beginAnswering()
            #expect(try Self.contents(.ip)?.questions == (try Self.frontends("10.96.0.10")))
            // It is taken once the other gave it up.
            try socket.remove(own, fromInterface: lo)
            let again = try addresses.set(wanted)
            #expect(again == [])
            #expect(try Self.held() == ["fairway-dns0 10.96.0.10/32", "fairway-dns0 169.254.20.10/32"])
        }
    }

    @Test func `what a killed process left is removed by cleanup`() async throws {
        try await Self.isolated {
            do {
                var addresses = try LocalAddresses()
                try addresses.set(try Self.frontends("10.96.0.10", "fd00::a"))
                try addresses.beginAnswering()
            }
            #expect(try LocalAddresses.removeAll() == ["table ip fairway-dns", "table ip6 fairway-dns"])
            #expect(try LocalAddresses.removeAll() == [])
        }
    }

    @Test func `without the device the error names it and says what to do`() async throws {
        let folder = "/nonexistent/net/tun"
        let error = #expect(throws: LocalAddressError.self) { _ = try LocalAddresses(device: folder) }
        #expect(error?.code == .noTunDevice)
        #expect(error?.description.contains("cannot open \(folder): No such file or directory; give the container") == true)
        // No TUN device at all.
        let other = #expect(throws: LocalAddressError.self) { _ = try LocalAddresses(device: "/dev/null") }
        #expect(other?.code == .noTunDevice)
        #expect(other?.description.contains("cannot make the interface fairway-dns%d") == true)
    }

    @Test(arguments: NftablesFamily.allCases) func `nft prints the table`(_ family: NftablesFamily) async throws {
        let address = family == .ip ? "10.96.0.10" : "fd00::a"
        let listing = try await Self.isolated {
            var addresses = try LocalAddresses()
            try addresses.set([LocalFrontend(try #require(IPAddress(address)), .udp, 53)])
            try addresses.beginAnswering()
            let path = try #require(toolPath("nft"))
            return try ProcessRequest(path: path, arguments: ["list", "ruleset"])
                .collectOutput(input: [], timeout: .seconds(20)).standardOutput
        }
        let ip = family.text
        for line in [
            "type filter hook prerouting priority raw; policy accept;",
            "type filter hook output priority raw; policy accept;",
            "\(ip) daddr . meta l4proto . th dport @local-questions fib daddr type local notrack",
            "\(ip) saddr . meta l4proto . th sport @local-answers fib saddr type local notrack",
            "elements = { \(address) . udp . 53 }",
        ] {
            #expect(listing.contains(line), "\(listing)")
        }
    }
}
