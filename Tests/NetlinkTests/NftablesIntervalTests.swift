import Netlink
import NetworkTypes
import Testing

@Suite(.timeLimit(.minutes(1))) struct NftablesIntervalTests {
    static let cases: [(NftablesFamily, [String], String)] = [
        (.ip, ["10.0.0.0/8"], "{ 10.0.0.0/8 }"),
        (.ip, ["10.1.0.0/16", "10.0.0.0/8", "10.0.0.0/8"], "{ 10.0.0.0/8 }"),
        (.ip, ["10.0.1.0/24", "10.0.0.0/24"], "{ 10.0.0.0/23 }"),
        (.ip, ["192.0.2.1/32", "192.0.2.4/30"], "{ 192.0.2.1, 192.0.2.4/30 }"),
        (.ip, ["0.0.0.0/8", "240.0.0.0/4"], "{ 0.0.0.0/8, 240.0.0.0/4 }"),
        (.ip, ["0.0.0.0/0"], "{ 0.0.0.0/0 }"),
        (.ip6, ["fd00::/8", "2001:db8::/64", "2001:db8::1/128"], "{ 2001:db8::/64,\n\t\t\t     fd00::/8 }"),
        (.ip6, ["ff00::/8"], "{ ff00::/8 }"),
    ]

    @Test("prefixes become intervals that nft lists as the same addresses", arguments: cases)
    func listing(family: NftablesFamily, prefixes: [String], expected: String) async throws {
        let listing = try await inNetworkNamespace {
            let table = NftablesTable(family: family, name: "ranges")
            let set = NftablesSet("cidrs", key: [.sourceAddress(family)], flags: .interval)
            let socket = try NftablesSocket()
            var batch = NftablesBatch()
            try batch.addTable(table)
            try batch.addSet(set, to: table)
            let elements = NftablesElement.intervals(covering: prefixes.compactMap { IPPrefix($0) })
            try batch.addElements(elements, to: set, in: table)
            try socket.commit(batch)
            #expect(try Set(socket.elements(ofSet: "cidrs", in: table)) == Set(elements))
            return try nftList()
        }
        #expect(listing.contains("elements = \(expected)"), "\(listing)")
    }

    @Test("a range of a concatenated key carries its end")
    func concatenatedRange() async throws {
        let listing = try await inNetworkNamespace {
            let table = NftablesTable(family: .ip, name: "ranges")
            let set = NftablesSet("allowed", key: [.sourceAddress(.ip), .destinationPort], flags: .interval)
            let socket = try NftablesSocket()
            var batch = NftablesBatch()
            try batch.addTable(table)
            try batch.addSet(set, to: table)
            let element = NftablesElement(
                key: [10, 0, 0, 0] + ServiceLayout.port(80), keyEnd: [10, 255, 255, 255] + ServiceLayout.port(80))
            try batch.addElements([element], to: set, in: table)
            try socket.commit(batch)
            #expect(try socket.elements(ofSet: "allowed", in: table) == [element])
            #expect(try socket.sets(of: table).map(\.set) == [set])
            return try nftList()
        }
        #expect(listing.contains("typeof ip saddr . th dport"))
        #expect(listing.contains("elements = { 10.0.0.0/8 . 80 }"), "\(listing)")
    }
}
