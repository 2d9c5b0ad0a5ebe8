import DataplaneTesting
import Netlink
import NetworkNamespaceTesting
import NetworkTypes
import NftablesDataplane
import Testing

/// Elements of concatenated intervals and of sets with a size: the fake against the kernel.
@Suite(.enabled(if: Requirement.root, "needs root: makes network namespaces"))
struct KernelElementTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let set: NftablesSet
        /// Each added in a transaction of its own, and accepted by both.
        var before: [[NftablesElement]] = []
        var additions: [NftablesElement] = []
        var deletions: [NftablesElement] = []
        /// Why the fake refuses what the kernel accepts.
        var fakeIsStricter: String?
        var testDescription: String { name }
    }

    private static let sources = NftablesSet("sources", key: [.priority, .sourceAddress(.ip)], flags: .interval)
    private static let sourceMap = NftablesSet(
        "sources", key: [.priority, .sourceAddress(.ip)], data: .fields([.priority]), flags: .interval)
    private static let small = NftablesSet("small", key: [.sourceAddress(.ip)], size: 2)
    private static let expiring = NftablesSet("small", key: [.sourceAddress(.ip)], flags: [.dynamic, .timeout], size: 2)

    private static func range(_ code: UInt32, _ prefix: IPPrefix, data: [UInt8]? = nil) -> NftablesElement {
        let range = NftablesElement.keyRange(after: NftablesElement.networkOrder(code), prefix)
        return NftablesElement(key: range.key, keyEnd: range.keyEnd, data: data.map { .value($0) })
    }

    private static func block(_ second: UInt8, _ third: UInt8, _ length: Int) -> IPPrefix {
        let address = IPAddress(networkBytes: [10, second, third, 0]) ?? IPAddress(v4: 0)
        return IPPrefix(address, length: length) ?? IPPrefix(address)
    }

    private static func plain(_ last: UInt8, timeout: UInt64? = nil) -> NftablesElement {
        NftablesElement(key: [10, 0, 0, last], timeoutMilliseconds: timeout)
    }

    private static let ten = range(3, block(1, 0, 16))

    static let cases: [Case] = [
        Case(name: "a range", set: sources, additions: [ten]),
        Case(name: "the same range again", set: sources, before: [[ten]], additions: [ten]),
        Case(name: "the same range of another code", set: sources, before: [[ten]], additions: [range(4, block(1, 0, 16))]),
        Case(name: "a range beside another", set: sources, before: [[ten]], additions: [range(3, block(2, 0, 16))]),
        Case(name: "a range inside another", set: sources, before: [[ten]], additions: [range(3, block(1, 5, 24))]),
        Case(
            name: "a range around another", set: sources, before: [[ten]], additions: [range(3, block(0, 0, 8))],
            fakeIsStricter: "the kernel does not look for ranges inside a new one; which one is found is chance"),
        Case(
            name: "a range that begins in another", set: sources, before: [[ten]],
            additions: [NftablesElement(key: [0, 0, 0, 3, 10, 1, 9, 9], keyEnd: [0, 0, 0, 3, 10, 2, 0, 0])]),
        Case(
            name: "a range that ends in another", set: sources, before: [[ten]],
            additions: [NftablesElement(key: [0, 0, 0, 3, 10, 0, 9, 9], keyEnd: [0, 0, 0, 3, 10, 1, 0, 0])]),
        Case(
            name: "a range that ends before it begins", set: sources,
            additions: [NftablesElement(key: [0, 0, 0, 3, 10, 1, 0, 0], keyEnd: [0, 0, 0, 3, 10, 0, 0, 0])]),
        Case(
            name: "a single key without an end", set: sources,
            additions: [NftablesElement(key: [0, 0, 0, 3, 10, 1, 0, 0])]),
        Case(
            name: "a single key that a range holds", set: sources, before: [[ten]],
            additions: [NftablesElement(key: [0, 0, 0, 3, 10, 1, 0, 9])]),
        Case(
            name: "ranges with data", set: sourceMap,
            additions: [range(3, block(1, 0, 16), data: [1, 0, 0, 0]), range(3, block(2, 0, 16), data: [2, 0, 0, 0])]),
        Case(
            name: "a range with other data", set: sourceMap, before: [[range(3, block(1, 0, 16), data: [1, 0, 0, 0])]],
            additions: [range(3, block(1, 0, 16), data: [2, 0, 0, 0])]),
        Case(name: "a range deleted", set: sources, before: [[ten, range(4, block(1, 0, 16))]], deletions: [ten]),
        Case(
            name: "a range deleted by its first key alone", set: sources, before: [[ten]],
            deletions: [NftablesElement(key: ten.key)]),
        Case(
            name: "a range that is not there deleted", set: sources, before: [[ten]],
            deletions: [range(3, block(2, 0, 16))]),
        Case(
            name: "a range deleted and another in its place", set: sources, before: [[ten]],
            additions: [range(3, block(0, 0, 8))], deletions: [ten]),
        Case(name: "a set filled to its size", set: small, additions: [plain(1), plain(2)]),
        Case(name: "a set filled beyond its size", set: small, additions: [plain(1), plain(2), plain(3)]),
        Case(name: "one more than the size", set: small, before: [[plain(1), plain(2)]], additions: [plain(3)]),
        Case(
            name: "one deleted from a full set and another added", set: small, before: [[plain(1), plain(2)]],
            additions: [plain(3)], deletions: [plain(1)]),
        Case(
            name: "elements that expire", set: expiring,
            additions: [plain(1, timeout: 3_600_000), plain(2)]),
        Case(
            name: "an element that expires deleted by its key", set: expiring,
            before: [[plain(1, timeout: 3_600_000), plain(2)]], deletions: [plain(1)]),
        Case(name: "a timeout in a set without timeouts", set: small, additions: [plain(1, timeout: 3_600_000)]),
    ]

    private static let table = NftablesTable(family: .ip, name: "fairway")

    @Test("The fake and the kernel agree about elements", arguments: cases) func agree(_ row: Case) async throws {
        var fake = FakeNftables(family: .ip)
        try fake.apply([.addTable, .addSet(row.set)])
        for elements in row.before { try fake.add(elements, toSet: row.set.name) }
        var refused: FakeNftablesError?
        do throws(FakeNftablesError) {
            // Both, or none: as in one transaction.
            var changed = fake
            if !row.deletions.isEmpty { try changed.delete(row.deletions, fromSet: row.set.name) }
            if !row.additions.isEmpty { try changed.add(row.additions, toSet: row.set.name) }
            fake = changed
        } catch {
            refused = error
        }
        let kernel = try await Self.inKernel(row)
        let texts = "fake: \(refused.map { "\($0)" } ?? "accepts"), kernel: \(kernel.error ?? "accepts")"
        if let reason = row.fakeIsStricter {
            #expect(refused != nil && kernel.error == nil, "\(reason); \(texts)")
            return
        }
        #expect(refused?.code.errno == kernel.errno, "\(texts)")
        #expect(Set(kernel.elements.map(Self.withoutRest)) == Set(fake.elements(ofSet: row.set.name).map(Self.withoutRest)))
    }

    private struct Answer: Sendable {
        var errno: Int32?
        var error: String?
        var elements: [NftablesElement] = []
    }

    private static func inKernel(_ row: Case) async throws -> Answer {
        try await inFreshNamespace {
            let socket = try NftablesSocket()
            var creation = NftablesBatch()
            try creation.addTable(table)
            try creation.addSet(row.set, to: table)
            try socket.commit(creation)
            for elements in row.before {
                var batch = NftablesBatch()
                try batch.addElements(elements, to: row.set, in: table)
                try socket.commit(batch)
            }
            var answer = Answer()
            do throws(NetlinkError) {
                var batch = NftablesBatch()
                try batch.deleteElements(row.deletions, from: row.set, in: table)
                try batch.addElements(row.additions, to: row.set, in: table)
                try socket.commit(batch)
            } catch {
                answer.errno = error.errno
                answer.error = error.description
            }
            answer.elements = try socket.elements(ofSet: row.set.name, in: table)
            return answer
        }
    }

    /// The element without the time it has left, which passes.
    static func withoutRest(_ element: NftablesElement) -> NftablesElement {
        var element = element
        element.expirationMilliseconds = nil
        return element
    }
}
