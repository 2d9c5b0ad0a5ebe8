import Netlink
import NetworkTypes
import Testing

@Suite(.timeLimit(.minutes(1))) struct NftablesDynamicTests {
    @Test("the kernel gives back the dynamic sets and rules that were written", arguments: NftablesFamily.allCases)
    func dumpEqualsWritten(family: NftablesFamily) async throws {
        let layout = DynamicLayout(family)
        let (rules, sets, elements) = try await inNetworkNamespace {
            let socket = try NftablesSocket()
            try layout.commit(over: socket)
            return (
                try socket.rules(of: layout.table).map(\.rule), try socket.sets(of: layout.table).map(\.set),
                try layout.sets.map { try Set(socket.elements(ofSet: $0.name, in: layout.table)) }
            )
        }
        for (read, written) in zip(rules, layout.rules) { #expect(read == written) }
        #expect(rules.count == layout.rules.count)
        #expect(sets == layout.sets)
        #expect(elements == layout.sets.map { Set(layout.elements($0)) })
    }

    @Test("nft prints the dynamic sets and rules as its own", arguments: NftablesFamily.allCases)
    func nftLists(family: NftablesFamily) async throws {
        let layout = DynamicLayout(family)
        let (listing, json) = try await inNetworkNamespace {
            try layout.commit(over: NftablesSocket())
            return (try nftList(), try run("nft", "-j", "list", "ruleset"))
        }
        #expect(listing == layout.text)
        #expect(json.contains("\"allowed-sources\""))
    }

    @Test("nft loads its listing, which reads as the same values", arguments: NftablesFamily.allCases)
    func nftLoadsTheSame(family: NftablesFamily) async throws {
        let layout = DynamicLayout(family, isLoadable: true)
        let (listing, rules, sets, elements) = try await inNetworkNamespace {
            try nftLoad(layout.text)
            let socket = try NftablesSocket()
            return (
                try nftList(), try socket.rules(of: layout.table).map(\.rule),
                try socket.sets(of: layout.table).map(\.set),
                try layout.sets.map { try Set(socket.elements(ofSet: $0.name, in: layout.table)) }
            )
        }
        #expect(listing == layout.text)
        for (read, written) in zip(rules, layout.rules) { #expect(read == written) }
        #expect(rules.count == layout.rules.count)
        #expect(sets == layout.sets)
        #expect(elements == layout.sets.map { Set(layout.elements($0)) })
    }

    @Test("an element that expires reads with its key, data and lifetime, and is deleted by key")
    func elementsThatExpire() async throws {
        let layout = DynamicLayout(.ip)
        let code = ServiceLayout.word(0x1_4000)
        let data = NftablesElement.Data.value(ServiceLayout.word(0x1_4001))
        let written = [
            NftablesElement(key: layout.client + code, data: data, timeoutMilliseconds: DynamicLayout.timeout),
            NftablesElement(
                key: [192, 0, 2, 8] + code, data: data, timeoutMilliseconds: 60_000, expirationMilliseconds: 20_000),
            NftablesElement(key: [192, 0, 2, 9] + code, data: data),
        ]
        let (read, listing, rest) = try await inNetworkNamespace {
            let socket = try NftablesSocket()
            try layout.commit(over: socket)
            var batch = NftablesBatch()
            try batch.addElements(written, to: layout.affinity, in: layout.table)
            try socket.commit(batch)
            let read = try socket.elements(ofSet: "affinity", in: layout.table)
            let listing = try nftList()
            var removal = NftablesBatch()
            try removal.deleteElements(
                read.dropFirst().map { NftablesElement(key: $0.key) }, from: layout.affinity, in: layout.table)
            try socket.commit(removal)
            return (read, listing, try socket.elements(ofSet: "affinity", in: layout.table))
        }
        let byKey = Dictionary(uniqueKeysWithValues: read.map { ($0.key, $0) })
        #expect(Set(byKey.keys) == Set(written.map(\.key)))
        for element in written {
            #expect(byKey[element.key]?.data == element.data)
            #expect(byKey[element.key]?.timeoutMilliseconds == element.timeoutMilliseconds)
        }
        let left = written.map { byKey[$0.key]?.expirationMilliseconds }
        #expect((1...DynamicLayout.timeout).contains(try #require(left[0])))
        #expect((1...20_000).contains(try #require(left[1])))
        #expect(left[2] == nil)
        #expect(listing.contains("192.0.2.8 . 1:4000 timeout 1m expires"), "\(listing)")
        #expect(rest.map(\.key) == read.prefix(1).map(\.key))
    }

    @Test("a changed set without a size gets the kernel's, and reads with it")
    func sizeOfTheKernel() async throws {
        let table = NftablesTable(family: .ip, name: "fw")
        let set = NftablesSet("seen", key: [.sourceAddress(.ip)], flags: [.dynamic, .timeout])
        let sizes = try await inNetworkNamespace {
            let socket = try NftablesSocket()
            var batch = NftablesBatch()
            try batch.addTable(table)
            try batch.addSet(set, to: table)
            try batch.addChain(NftablesChain("c"), to: table)
            try socket.commit(batch)
            let before = try socket.sets(of: table).map(\.set?.size)
            var more = NftablesBatch()
            let rule = NftablesRule(
                chain: "c",
                [
                    .payload(.network, offset: 12, length: 4, to: .r1),
                    .dynamicSet(operation: .update, set: "seen", key: .r1, data: nil, timeoutMilliseconds: 1000),
                ])
            try more.addRule(rule, to: table)
            try socket.commit(more)
            return (before, try socket.sets(of: table).map(\.set?.size), try socket.rules(of: table).map(\.rule) == [rule])
        }
        #expect(sizes.0 == [nil])
        #expect(sizes.1 == [65535])
        #expect(sizes.2)
    }

    @Test("hashes without a seed and changes with counters read as unknown")
    func foreignForms() async throws {
        let expressions = try await inNetworkNamespace {
            try nftLoad(
                """
                table ip other {
                  set seen { typeof ip saddr; size 10; flags dynamic,timeout; }
                  chain c {
                    meta mark set jhash ip saddr mod 3
                    meta mark set symhash mod 3
                    add @seen { ip saddr counter }
                  }
                }
                """)
            return try NftablesSocket().rules(of: NftablesTable(family: .ip, name: "other")).map(\.rule.expressions)
        }
        try #require(expressions.count == 3)
        #expect(expressions[0].contains(.unknown("hash")))
        #expect(expressions[1].contains(.unknown("hash")))
        #expect(expressions[2].contains(.unknown("dynset")))
    }

    @Test("overlapping blocks after a fixed field become ranges that do not overlap")
    func rangesAfterAField() {
        let fixed = NftablesElement.networkOrder(5)
        let blocks = ["10.1.0.0/16", "10.0.0.0/8", "192.0.2.0/25", "192.0.2.128/25"].compactMap { IPPrefix($0) }
        #expect(
            NftablesElement.intervals(after: fixed, covering: blocks) == [
                NftablesElement(key: [0, 0, 0, 5, 10, 0, 0, 0], keyEnd: [0, 0, 0, 5, 10, 255, 255, 255]),
                NftablesElement(key: [0, 0, 0, 5, 192, 0, 2, 0], keyEnd: [0, 0, 0, 5, 192, 0, 2, 255]),
            ])
        let range = NftablesElement.keyRange(after: fixed, blocks[0])
        #expect(range.key == [0, 0, 0, 5, 10, 1, 0, 0])
        #expect(range.keyEnd == [0, 0, 0, 5, 10, 1, 255, 255])
    }

    @Test("elements of concatenated intervals are written as nft writes them")
    func textOfRanges() {
        let layout = DynamicLayout(.ip)
        #expect(
            layout.ranges.map { $0.text(in: layout.allowedSources) } == [
                "1:4000 . 10.1.0.0-10.2.255.255", "1:4000 . 192.0.2.1",
            ])
    }

    @Test("a key end that does not fit the set is refused before it is sent")
    func wrongKeyEnd() {
        let layout = DynamicLayout(.ip)
        let short = NftablesElement(key: [UInt8](repeating: 0, count: 8), keyEnd: [1, 2, 3])
        let plain = NftablesElement(
            key: [UInt8](repeating: 0, count: 8), keyEnd: [UInt8](repeating: 0, count: 8), data: .value([0, 0, 0, 0]))
        #expect(throws: NetlinkError.self) {
            var batch = NftablesBatch()
            try batch.addElements([short], to: layout.allowedSources, in: layout.table)
        }
        #expect(throws: NetlinkError.self) {
            var batch = NftablesBatch()
            try batch.addElements([plain], to: layout.affinity, in: layout.table)
        }
    }
}
