import Netlink
import NetworkTypes
import Testing

private func byKey(_ a: NftablesElement, _ b: NftablesElement) -> Bool {
    a.key == b.key ? !a.isIntervalEnd && b.isIntervalEnd : a.key.lexicographicallyPrecedes(b.key)
}

@Suite(.timeLimit(.minutes(1))) struct NftablesRoundTripTests {
    @Test("the kernel gives back what was written", arguments: NftablesFamily.allCases)
    func dumpEqualsWritten(family: NftablesFamily) async throws {
        try await inNetworkNamespace {
            let layout = ServiceLayout(family)
            let socket = try NftablesSocket()
            try layout.commit(over: socket)
            #expect(try socket.tables(family) == [layout.table])
            #expect(try Set(socket.chains(of: layout.table)) == Set(layout.chains))
            let rules = try socket.rules(of: layout.table).map(\.rule)
            for chain in layout.chains {
                let written = layout.rules.filter { $0.chain == chain.name }
                let read = rules.filter { $0.chain == chain.name }
                for (one, other) in zip(read, written) { #expect(one == other) }
                #expect(read.count == written.count)
                #expect(try socket.rules(of: layout.table, chain: chain.name).map(\.rule) == written)
            }
            #expect(try socket.sets(of: layout.table).map(\.set) == layout.sets)
            for set in layout.sets {
                let read = try socket.elements(ofSet: set.name, in: layout.table)
                #expect(read.sorted(by: byKey) == layout.elements(set).sorted(by: byKey), "\(set.name)")
            }
        }
    }

    @Test("nft prints what was written as its own, and loads its listing", arguments: NftablesFamily.allCases)
    func nftListsAndLoads(family: NftablesFamily) async throws {
        let layout = ServiceLayout(family)
        let listing = try await inNetworkNamespace {
            try layout.commit(over: NftablesSocket())
            let json = try run("nft", "-j", "list", "ruleset")
            #expect(json.contains("\"service-ips\""))
            return try nftList()
        }
        #expect(listing == layout.text)
        try await inNetworkNamespace {
            try nftLoad(listing)
            #expect(try nftList() == listing)
        }
    }

    @Test("what nft loads from the same text reads as the same values", arguments: NftablesFamily.allCases)
    func nftWritesTheSame(family: NftablesFamily) async throws {
        try await inNetworkNamespace {
            let layout = ServiceLayout(family)
            try nftLoad(layout.text)
            let socket = try NftablesSocket()
            #expect(try Set(socket.chains(of: layout.table)) == Set(layout.chains))
            #expect(try Set(socket.rules(of: layout.table).map(\.rule)) == Set(layout.rules))
            #expect(try Set(socket.sets(of: layout.table).map(\.set)) == Set(layout.sets))
        }
    }

    @Test("foreign rules and sets read as unknown, and the listing goes on")
    func foreignObjects() async throws {
        try await inNetworkNamespace {
            try nftLoad(
                """
                table ip other {
                  set plain { type ipv4_addr; }
                  chain c {
                    counter packets 0 bytes 0 accept
                    meta length 100 drop
                    log prefix "x" continue
                  }
                }
                """)
            let socket = try NftablesSocket()
            let table = NftablesTable(family: .ip, name: "other")
            let rules = try socket.rules(of: table).map(\.rule.expressions)
            #expect(rules.count == 3)
            #expect(rules[0] == [.unknown("counter"), .verdict(.accept)])
            #expect(rules[1].first == .unknown("meta"))
            #expect(rules[2].first == .unknown("log"))
            let sets = try socket.sets(of: table)
            #expect(sets == [NftablesStoredSet(name: "plain", set: nil)])
            try #require(throws: NetlinkError.self) { try socket.elements(ofSet: "missing", in: table) }
        }
    }

    @Test("a rule is deleted by its handle, a chain is flushed, a set is flushed and deleted")
    func deletions() async throws {
        try await inNetworkNamespace {
            let layout = ServiceLayout(.ip)
            let socket = try NftablesSocket()
            try layout.commit(over: socket)
            let first = try #require(try socket.rules(of: layout.table, chain: "more").first)
            var batch = NftablesBatch()
            try batch.deleteRule(handle: first.handle, chain: "more", from: layout.table)
            try batch.flushChain("nat-postrouting", of: layout.table)
            try batch.flushSet("endpoints", of: layout.table)
            try batch.deleteElements(layout.elements(layout.nodePorts), from: layout.nodePorts, in: layout.table)
            try batch.deleteSet("marks", from: layout.table)
            try batch.flushChain("reject-it", of: layout.table)
            try batch.deleteChain("reject-it", from: layout.table)
            try socket.commit(batch)
            let more = try socket.rules(of: layout.table, chain: "more").map(\.rule)
            #expect(more == Array(layout.rules.filter { $0.chain == "more" }.dropFirst()))
            #expect(try socket.rules(of: layout.table, chain: "nat-postrouting").isEmpty)
            #expect(try socket.elements(ofSet: "endpoints", in: layout.table).isEmpty)
            #expect(try socket.elements(ofSet: "service-nodeports", in: layout.table).isEmpty)
            #expect(try !socket.sets(of: layout.table).contains { $0.name == "marks" })
            #expect(try !socket.chains(of: layout.table).contains { $0.name == "reject-it" })

            var removal = NftablesBatch()
            try removal.destroyTable(layout.table)
            try removal.destroyTable(NftablesTable(family: .ip6, name: "never-was"))
            try socket.commit(removal)
            #expect(try nftList().isEmpty)
        }
    }
}
