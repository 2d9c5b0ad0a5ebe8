import DataplaneTesting
import Glibc
import Netlink
import NetworkNamespaceTesting
import NetworkTypes
import ServiceTable
import Testing

@testable import NftablesDataplane

/// The fake against the kernel: what one accepts the other accepts, and holds alike afterwards; what
/// one refuses the other refuses with the same error.
@Suite(.enabled(if: Requirement.root, "needs root: makes network namespaces"))
struct KernelFakeTests {
    /// Where the fake and this kernel part, and why that is right.
    enum Difference: Sendable {
        /// The fake refuses what (some) kernels accept.
        case fakeIsStricter(String)
        /// It is refused before it is sent: the kernel never sees it.
        case neverSent(String)
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        /// Applied before, each in a transaction of its own, and accepted by both.
        var before: [NftablesOperation] = []
        let operations: [NftablesOperation]
        var difference: Difference?
        var testDescription: String { name }
    }

    private static let address: [UInt8] = [192, 168, 0, 1]
    private static let other: [UInt8] = [192, 168, 0, 2]
    private static let frontend: [UInt8] = [10, 96, 0, 1, 6, 0, 0, 0, 0, 80, 0, 0]

    private static func address(_ bytes: [UInt8]) -> NftablesElement { NftablesElement(key: bytes) }

    private static func code(_ code: UInt8) -> NftablesElement {
        NftablesElement(key: frontend, data: .value([code, 0, 0, 0]))
    }

    private static func to(_ chain: String, code: UInt8 = 1) -> NftablesElement {
        NftablesElement(key: [code, 0, 0, 0], data: .verdict(.goto(chain)))
    }

    private static func bound(_ bytes: [UInt8], end: Bool = false) -> NftablesElement {
        NftablesElement(key: bytes, isIntervalEnd: end)
    }

    private static func jump(_ chain: String, in other: String) -> NftablesOperation {
        .addRule(NftablesRule(chain: other, [.verdict(.jump(chain))]))
    }

    /// Chains that each jump to the next, and a base chain to the first.
    private static func row(of count: Int) -> [NftablesOperation] {
        (0..<count).map { .addChain(NftablesChain("c\($0)")) }
            + (0..<count - 1).map { jump("c\($0 + 1)", in: "c\($0)") } + [jump("c0", in: "nat-output")]
    }

    private static let anA = NftablesOperation.addChain(NftablesChain("a"))
    private static let anB = NftablesOperation.addChain(NftablesChain("b"))
    private static let ten = [bound([10, 0, 0, 0]), bound([10, 1, 0, 0], end: true)]

    /// Cases of the fake's own tests at which it and the kernel part.
    private static let known: [String: Difference] = [
        "a key too short": .neverSent("keys of a wrong length are not encoded"),
        "an expression nobody knows": .neverSent("unknown expressions are not encoded"),
        "deletion of a chain with the element that led to it":
            .fakeIsStricter("kernels before 6.2 drop an element's reference only when they commit"),
    ]

    static let cases: [Case] =
        FakeNftablesTests.cases.map {
            Case(name: $0.name, before: $0.before, operations: $0.operations, difference: known[$0.name])
        } + more + DynamicRuleCases.cases

    private static let more: [Case] = [
        // Tables
        Case(name: "a table deleted, and no more", operations: [.deleteTable]),
        Case(name: "a table deleted twice", operations: [.deleteTable, .deleteTable]),
        Case(name: "a table deleted in the transaction before", before: [.deleteTable], operations: [.deleteTable]),
        Case(name: "a chain in a table that is gone", before: [.deleteTable], operations: [anA]),
        Case(
            name: "a table replaced with its contents",
            operations: [
                .addTable, .deleteTable, .addTable, .addSet(TableSet.nodePortAddresses.definition(.ip)), anA,
                .addElements(.nodePortAddresses, [address(other)]),
            ]),
        // Chains
        Case(
            name: "a regular chain where a base chain is", operations: [.addChain(NftablesChain("nat-output"))]),
        Case(
            name: "a base chain where a regular chain is",
            operations: [
                .addChain(
                    NftablesChain("services", attachment: .init(type: .nat, hook: .output, priority: -100)))
            ]),
        Case(
            name: "a base chain of another priority",
            operations: [
                .addChain(
                    NftablesChain("nat-output", attachment: .init(type: .nat, hook: .output, priority: -99)))
            ]),
        Case(
            name: "a base chain of another hook",
            operations: [
                .addChain(
                    NftablesChain("filter-input", attachment: .init(type: .filter, hook: .forward, priority: 0)))
            ]),
        Case(
            name: "a base chain of another type",
            operations: [
                .addChain(
                    NftablesChain("nat-output", attachment: .init(type: .filter, hook: .output, priority: -100)))
            ]),
        Case(name: "a chain added and deleted", operations: [anA, .deleteChain("a")]),
        Case(name: "a chain deleted and added", before: [anA], operations: [.deleteChain("a"), anA]),
        Case(name: "a chain deleted twice", before: [anA], operations: [.deleteChain("a"), .deleteChain("a")]),
        Case(
            name: "deletion of a chain with rules that nothing leads to",
            before: [anA, .addRule(NftablesRule(chain: "a", [.verdict(.accept)]))], operations: [.deleteChain("a")],
            difference: .fakeIsStricter("the planner empties chains first, as older kernels demand")),
        Case(
            name: "a chain emptied and deleted",
            before: [anA, .addRule(NftablesRule(chain: "a", [.verdict(.accept)]))],
            operations: [.flushChain("a"), .deleteChain("a")]),
        Case(
            name: "a base chain emptied and deleted",
            operations: [.flushChain("nat-output"), .deleteChain("nat-output")]),
        Case(
            name: "a chain deleted with the rule that led to it", before: [anA, anB, jump("a", in: "b")],
            operations: [.flushChain("b"), .deleteChain("a")]),
        Case(
            name: "a chain deleted with the map's elements that led to it",
            before: [anA, .addElements(.fromPod, [to("a")])],
            operations: [.flushSet(.fromPod), .deleteChain("a")],
            difference: .fakeIsStricter("kernels before 6.2 drop an element's reference only when they commit")),
        Case(
            name: "a chain that another element still leads to",
            before: [anA, .addElements(.fromPod, [to("a"), to("a", code: 2)])],
            operations: [.deleteElements(.fromPod, [NftablesElement(key: [1, 0, 0, 0])]), .deleteChain("a")]),
        Case(name: "a flush of an empty chain", before: [anA], operations: [.flushChain("a")]),
        // Sets
        Case(
            name: "a set of another width",
            operations: [.addSet(NftablesSet("nodeport-ips", key: [.destinationPort]))]),
        Case(
            name: "a map where a set is",
            operations: [
                .addSet(
                    NftablesSet("nodeport-ips", key: [.destinationAddress(.ip)], data: .fields([.priority])))
            ]),
        Case(
            name: "a set with other flags",
            operations: [.addSet(NftablesSet("nodeport-ips", key: [.destinationAddress(.ip)], flags: .interval))]),
        Case(
            name: "a set with a field of the same type by another name",
            operations: [.addSet(NftablesSet("nodeport-ips", key: [.sourceAddress(.ip)]))],
            difference: .fakeIsStricter("the kernel knows types by number; the name is a comment to it")),
        Case(name: "a flush of an empty set", operations: [.flushSet(.fromPod)]),
        // Elements
        Case(
            name: "an element deleted twice", before: [.addElements(.nodePortAddresses, [address(address)])],
            operations: [.deleteElements(.nodePortAddresses, [address(address), address(address)])]),
        Case(
            name: "an element added and deleted",
            operations: [
                .addElements(.nodePortAddresses, [address(address)]),
                .deleteElements(.nodePortAddresses, [address(address)]),
            ]),
        Case(
            name: "an element deleted, added, deleted and added with other data",
            before: [.addElements(.serviceAddresses, [code(1)])],
            operations: [
                .deleteElements(.serviceAddresses, [address(frontend)]), .addElements(.serviceAddresses, [code(2)]),
                .deleteElements(.serviceAddresses, [address(frontend)]), .addElements(.serviceAddresses, [code(3)]),
            ]),
        Case(
            name: "an element added twice with other data in one transaction",
            operations: [.addElements(.serviceAddresses, [code(1), code(2)])]),
        Case(
            name: "a set flushed and filled with other data", before: [.addElements(.serviceAddresses, [code(1)])],
            operations: [.flushSet(.serviceAddresses), .addElements(.serviceAddresses, [code(2)])]),
        Case(
            name: "an element deleted after a flush", before: [.addElements(.serviceAddresses, [code(1)])],
            operations: [.flushSet(.serviceAddresses), .deleteElements(.serviceAddresses, [address(frontend)])]),
        Case(
            name: "an element to another chain", before: [anA, anB, .addElements(.fromPod, [to("a")])],
            operations: [.addElements(.fromPod, [to("b")])]),
        Case(
            name: "an element turned to another chain", before: [anA, anB, .addElements(.fromPod, [to("a")])],
            operations: [
                .deleteElements(.fromPod, [NftablesElement(key: [1, 0, 0, 0])]), .addElements(.fromPod, [to("b")]),
            ]),
        Case(name: "an element to a chain of this transaction", operations: [anA, .addElements(.fromPod, [to("a")])]),
        Case(
            name: "a verdict in a map of plain data",
            operations: [
                .addElements(.serviceAddresses, [NftablesElement(key: frontend, data: .verdict(.accept))])
            ]),
        Case(
            name: "plain data in a map of verdicts",
            operations: [
                .addElements(.fromPod, [NftablesElement(key: [1, 0, 0, 0], data: .value([1, 0, 0, 0]))])
            ]),
        Case(
            name: "a deletion that names the data", before: [.addElements(.serviceAddresses, [code(1)])],
            operations: [.deleteElements(.serviceAddresses, [code(1)])]),
        // Intervals
        Case(name: "an interval", operations: [.addElements(.podPrefixes, ten)]),
        Case(
            name: "two intervals that touch",
            operations: [
                .addElements(.podPrefixes, ten + [bound([10, 1, 0, 0]), bound([10, 2, 0, 0], end: true)])
            ]),
        Case(
            name: "an interval to the last address", operations: [.addElements(.podPrefixes, [bound([224, 0, 0, 0])])]),
        Case(
            name: "an interval inside another", before: [.addElements(.podPrefixes, ten)],
            operations: [.addElements(.podPrefixes, [bound([10, 0, 1, 0]), bound([10, 0, 2, 0], end: true)])]),
        Case(
            name: "the same interval again", before: [.addElements(.podPrefixes, ten)],
            operations: [.addElements(.podPrefixes, ten)]),
        Case(
            name: "intervals flushed and replaced", before: [.addElements(.podPrefixes, ten)],
            operations: [
                .flushSet(.podPrefixes),
                .addElements(.podPrefixes, [bound([10, 0, 128, 0]), bound([10, 2, 0, 0], end: true)]),
            ]),
        // Rules
        Case(name: "a rule to a base chain", operations: [jump("nat-output", in: "services")]),
        Case(name: "a rule to a chain of this transaction", operations: [anA, jump("a", in: "services")]),
        Case(name: "a chain that jumps to itself", before: [anA], operations: [jump("a", in: "services"), jump("a", in: "a")]),
        Case(
            name: "chains that jump around in a circle", before: [anA, anB],
            operations: [jump("a", in: "services"), jump("b", in: "a"), jump("a", in: "b")]),
        Case(
            name: "a circle through an element", before: [anA],
            operations: [
                .addElements(.fromPod, [to("a")]),
                .addRule(
                    NftablesRule(
                        chain: "a", [.meta(.priority, to: .r1), .mapLookup(map: "from-pod", key: .r1, to: .verdict)])),
                jump("a", in: "services"),
            ]),
        Case(name: "fifteen chains below a base chain", operations: row(of: 15)),
        Case(name: "sixteen chains below a base chain", operations: row(of: 16)),
        Case(
            name: "a translation in a filter chain", before: [anA],
            operations: [
                .addRule(
                    NftablesRule(
                        chain: "filter-input",
                        [.immediate([10, 0, 0, 1], to: .r1), .nat(.destination, address: .r1, port: nil)]))
            ]),
        Case(
            name: "a masquerade before routing",
            operations: [.addRule(NftablesRule(chain: "nat-prerouting", [.masquerade(fullyRandom: true)]))]),
    ]

    private struct Refusal: Error {
        let errno: Int32
        let wasSent: Bool
        let text: String
    }

    @Test("The fake and the kernel agree", arguments: cases) func agree(_ row: Case) async throws {
        try await inFreshNamespace {
            var fake = FakeNftables(family: .ip)
            let kernel = try KernelTableState(.ip)
            let layout = TableLayout(family: .ip)
            let creation: [NftablesOperation] =
                [.addTable] + layout.sets.map { .addSet($0) } + layout.chains.map { .addChain($0) }
                + layout.rules(.none).map { .addRule($0) }
            for transaction in [creation] + row.before.map({ [$0] }) {
                try fake.apply(transaction)
                try kernel.commit(transaction)
            }
            #expect(try kernel.read().differences(from: fake) == [], "\(row.name): before")
            let byFake = Self.refusal(of: row.operations, &fake)
            let byKernel = Self.refusal(of: row.operations, kernel)
            let texts = "\(row.name): fake: \(byFake?.text ?? "accepts"); kernel: \(byKernel?.text ?? "accepts")"
            switch row.difference {
            case .fakeIsStricter(let reason):
                #expect(byFake != nil, "\(reason); \(texts)")
                return
            case .neverSent(let reason):
                #expect(byFake != nil && byKernel?.wasSent == false, "\(reason); \(texts)")
            case nil:
                #expect(byFake?.errno == byKernel?.errno, "\(texts)")
            }
            #expect(try kernel.read().differences(from: fake) == [], "\(texts)")
        }
    }

    private static func refusal(of operations: [NftablesOperation], _ fake: inout FakeNftables) -> Refusal? {
        do throws(FakeNftablesError) {
            try fake.apply(operations)
            return nil
        } catch {
            return Refusal(errno: error.code.errno, wasSent: true, text: error.description)
        }
    }

    private static func refusal(
        of operations: [NftablesOperation], _ kernel: borrowing KernelTableState
    ) -> Refusal? {
        do throws(NetlinkError) {
            try kernel.commit(operations)
            return nil
        } catch {
            return Refusal(errno: error.errno, wasSent: error.code != .invalidRequest, text: error.description)
        }
    }
}

extension FakeNftablesError.Code {
    /// The system's number.
    var errno: Int32 {
        switch self {
        case .notFound: ENOENT
        case .exists: EEXIST
        case .busy: EBUSY
        case .invalid: EINVAL
        case .range: ERANGE
        case .full: ENFILE
        case .unsupported: EOPNOTSUPP
        case .tooDeep: EMLINK
        case .noData: ENODATA
        }
    }
}
