import DataplaneTesting
import Netlink
import NetworkTypes
import NftablesDataplane
import ServiceTable
import Testing

/// The fake must refuse what the kernel refuses.
@Suite struct FakeNftablesTests {
    private static let address: [UInt8] = [192, 168, 0, 1]
    private static let code: [UInt8] = [1, 0, 0, 0]
    private static let frontend: [UInt8] = [10, 96, 0, 1, 6, 0, 0, 0, 0, 80, 0, 0]

    static func verdict(_ chain: String, code: [UInt8] = code) -> NftablesElement {
        NftablesElement(key: code, data: .verdict(.goto(chain)))
    }

    private static func withLayout() throws -> FakeNftables {
        let layout = TableLayout(family: .ip)
        var fake = FakeNftables(family: .ip)
        try fake.apply(
            [.addTable] + layout.sets.map { .addSet($0) } + layout.chains.map { .addChain($0) }
                + layout.rules(.none).map { .addRule($0) })
        return fake
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        /// Applied before, each in a transaction of its own, and accepted.
        var before: [NftablesOperation] = []
        let operations: [NftablesOperation]
        let code: FakeNftablesError.Code?
        var testDescription: String { name }
    }

    static let cases: [Case] = [
        Case(name: "a table twice", operations: [.addTable, .addTable], code: nil),
        Case(name: "a chain twice", operations: [.addChain(NftablesChain("a")), .addChain(NftablesChain("a"))], code: nil),
        Case(
            name: "a set twice", operations: [.addSet(TableSet.fromPod.definition(.ip))], code: nil),
        Case(
            name: "the same element twice",
            operations: [
                .addElements(.serviceAddresses, [NftablesElement(key: frontend, data: .value(code))]),
                .addElements(.serviceAddresses, [NftablesElement(key: frontend, data: .value(code))]),
            ], code: nil),
        Case(
            name: "a key that is there with other data",
            before: [.addElements(.serviceAddresses, [NftablesElement(key: frontend, data: .value(code))])],
            operations: [.addElements(.serviceAddresses, [NftablesElement(key: frontend, data: .value([2, 0, 0, 0]))])],
            code: .exists),
        Case(
            name: "an element deleted and added with other data",
            before: [.addElements(.serviceAddresses, [NftablesElement(key: frontend, data: .value(code))])],
            operations: [
                .deleteElements(.serviceAddresses, [NftablesElement(key: frontend)]),
                .addElements(.serviceAddresses, [NftablesElement(key: frontend, data: .value([2, 0, 0, 0]))]),
            ], code: nil),
        Case(
            name: "a deletion of what is not there",
            operations: [.deleteElements(.nodePortAddresses, [NftablesElement(key: address)])], code: .notFound),
        Case(
            name: "a key too short", operations: [.addElements(.nodePortAddresses, [NftablesElement(key: [1, 2, 3])])],
            code: .invalid),
        Case(
            name: "data too short",
            operations: [.addElements(.serviceAddresses, [NftablesElement(key: frontend, data: .value([1]))])],
            code: .invalid),
        Case(
            name: "a map element without data",
            operations: [.addElements(.serviceAddresses, [NftablesElement(key: frontend)])], code: .invalid),
        Case(
            name: "data in a plain set",
            operations: [.addElements(.nodePortAddresses, [NftablesElement(key: address, data: .value(code))])],
            code: .invalid),
        Case(
            name: "an interval end in a plain set",
            operations: [.addElements(.nodePortAddresses, [NftablesElement(key: address, isIntervalEnd: true)])],
            code: .invalid),
        Case(
            name: "intervals that overlap",
            operations: [
                .addElements(
                    .podPrefixes,
                    [NftablesElement(key: [10, 0, 0, 0]), NftablesElement(key: [10, 1, 0, 0])])
            ], code: .exists),
        Case(
            name: "an element to a missing chain", operations: [.addElements(.fromPod, [verdict("nowhere")])],
            code: .notFound),
        Case(
            name: "an element to a base chain", operations: [.addElements(.fromPod, [verdict("nat-output")])],
            code: .unsupported),
        Case(
            name: "a rule to a missing chain",
            operations: [.addRule(NftablesRule(chain: "services", [.verdict(.jump("nowhere"))]))], code: .notFound),
        Case(
            name: "a rule in a missing chain",
            operations: [.addRule(NftablesRule(chain: "nowhere", [.verdict(.accept)]))], code: .notFound),
        Case(
            name: "a lookup in a missing set",
            operations: [.addRule(NftablesRule(chain: "services", [.lookup(set: "none", key: .r1, inverted: false)]))],
            code: .notFound),
        Case(
            name: "a map lookup in a set",
            operations: [
                .addRule(
                    NftablesRule(
                        chain: "services",
                        [.immediate(address, to: .r1), .mapLookup(map: "nodeport-ips", key: .r1, to: .r1)]))
            ], code: .invalid),
        Case(
            name: "a register read that was never written",
            operations: [
                .addRule(NftablesRule(chain: "services", [.lookup(set: "nodeport-ips", key: .r1, inverted: false)]))
            ], code: .noData),
        Case(
            name: "a register read beyond what was written",
            operations: [
                .addRule(
                    NftablesRule(
                        chain: "services",
                        [.immediate(code, to: .r1), .compare(.r1, .equal, [1, 0, 0, 0, 0, 0, 0, 0])]))
            ], code: .noData),
        Case(
            name: "a random number of none",
            operations: [.addRule(NftablesRule(chain: "services", [.numgen(.random, modulus: 0, to: .r1)]))],
            code: .range),
        Case(
            name: "an expression nobody knows",
            operations: [.addRule(NftablesRule(chain: "services", [.unknown("quota")]))], code: .notFound),
        Case(name: "deletion of a chain with rules", operations: [.deleteChain("reject-chain")], code: .busy),
        Case(
            name: "deletion of a chain that a rule leads to",
            operations: [.flushChain("reject-chain"), .deleteChain("reject-chain")], code: .busy),
        Case(
            name: "deletion of a chain that an element leads to",
            before: [.addChain(NftablesChain("a")), .addElements(.fromPod, [verdict("a")])],
            operations: [.deleteChain("a")], code: .busy),
        Case(
            name: "deletion of a chain with the element that led to it",
            before: [.addChain(NftablesChain("a")), .addElements(.fromPod, [verdict("a")])],
            operations: [.deleteElements(.fromPod, [NftablesElement(key: code)]), .deleteChain("a")], code: .busy),
        Case(
            name: "deletion of a chain after that",
            before: [
                .addChain(NftablesChain("a")), .addElements(.fromPod, [verdict("a")]),
                .deleteElements(.fromPod, [NftablesElement(key: code)]),
            ], operations: [.deleteChain("a")], code: nil),
        Case(name: "deletion of a missing chain", operations: [.deleteChain("nowhere")], code: .notFound),
        Case(name: "flush of a missing chain", operations: [.flushChain("nowhere")], code: .notFound),
        Case(name: "anything in a deleted table", operations: [.deleteTable, .flushSet(.fromPod)], code: .notFound),
        Case(name: "a table made anew", operations: [.addTable, .deleteTable, .addTable], code: nil),
    ]

    @Test(arguments: cases) func refusesWhatTheKernelRefuses(_ row: Case) throws {
        var fake = try Self.withLayout()
        for operation in row.before { try fake.apply([operation]) }
        let before = fake
        do throws(FakeNftablesError) {
            try fake.apply(row.operations)
            #expect(row.code == nil)
        } catch {
            #expect(error.code == row.code, "\(error)")
            #expect(fake == before, "a refused transaction leaves nothing behind")
        }
    }

    @Test func refusesTheWholeTransaction() throws {
        var fake = try Self.withLayout()
        let before = fake
        #expect(throws: FakeNftablesError.self) {
            try fake.apply([
                .addElements(.nodePortAddresses, [NftablesElement(key: Self.address)]),
                .deleteElements(.nodePortAddresses, [NftablesElement(key: [1, 1, 1, 1])]),
            ])
        }
        #expect(fake == before)
    }

    @Test func aPriorityLeftBehindIsAnError() throws {
        var fake = try Self.withLayout()
        try fake.apply([
            .flushChain("services"),
            .addRule(
                NftablesRule(chain: "services", [.immediate([1, 0, 0, 0], to: .r1), .setMeta(.priority, from: .r1)])),
        ])
        let packet = TracedPacket(from: .text("10.0.0.1"), to: .text("10.0.0.2"), 80, on: "eth0")
        #expect(throws: TraceError.self) { try PacketTracer(fake, localAddresses: []).outcomes(packet) }
    }
}
