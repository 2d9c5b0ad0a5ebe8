import Netlink

@testable import NftablesDataplane

/// Rules that change sets, hash or convert, and sets with a size: what the kernel asks of them.
enum DynamicRuleCases {
    private static let seen = NftablesSet(
        "seen", key: [.sourceAddress(.ip)], flags: [.dynamic, .timeout], size: 100)
    private static let map = NftablesSet(
        "affinity", key: [.sourceAddress(.ip)], data: .fields([.priority]), flags: [.dynamic, .timeout], size: 100)
    private static let load: [RuleExpression] = [
        .payload(.network, offset: 12, length: 4, to: .r1), .meta(.priority, to: .word(4)),
    ]

    private static func rule(_ expressions: [RuleExpression]) -> NftablesOperation {
        .addRule(NftablesRule(chain: "services", expressions))
    }

    private static func change(
        _ operation: RuleExpression.DynamicSetOperation, _ set: String, hasData: Bool = false,
        timeout: UInt64? = nil
    ) -> NftablesOperation {
        rule(
            load + [
                .dynamicSet(
                    operation: operation, set: set, key: .r1, data: hasData ? .word(4) : nil,
                    timeoutMilliseconds: timeout)
            ])
    }

    private static func other(_ flags: NftablesSet.Flags, size: UInt32? = 100) -> NftablesOperation {
        .addSet(NftablesSet("seen", key: [.sourceAddress(.ip)], flags: flags, size: size))
    }

    static let cases: [KernelFakeTests.Case] = [
        .init(
            name: "rules that change a set",
            operations: [
                .addSet(seen), change(.add, "seen"), change(.update, "seen", timeout: 1000), change(.delete, "seen"),
            ]),
        .init(
            name: "rules that change a map",
            operations: [
                .addSet(map), change(.add, "affinity", hasData: true),
                change(.update, "affinity", hasData: true, timeout: 1000), change(.delete, "affinity", hasData: true),
            ]),
        .init(name: "a rule that changes a missing set", operations: [change(.add, "seen")]),
        .init(name: "a rule that gives a set data", operations: [.addSet(seen), change(.add, "seen", hasData: true)]),
        .init(name: "a rule that gives a map none", operations: [.addSet(map), change(.delete, "affinity")]),
        .init(
            name: "a rule that changes a map of verdicts",
            operations: [
                .addSet(
                    NftablesSet("seen", key: [.sourceAddress(.ip)], data: .verdict, flags: [.dynamic], size: 10)),
                change(.add, "seen", hasData: true),
            ]),
        .init(
            name: "a rule that changes a set with a key that was never written",
            operations: [
                .addSet(seen),
                rule([
                    .dynamicSet(operation: .add, set: "seen", key: .r1, data: nil, timeoutMilliseconds: nil)
                ]),
            ]),
        .init(
            name: "a rule that changes a map with data that were never written",
            operations: [
                .addSet(map),
                rule(
                    load.dropLast() + [
                        .dynamicSet(
                            operation: .add, set: "affinity", key: .r1, data: .word(4), timeoutMilliseconds: nil)
                    ]),
            ]),
        .init(
            name: "a timeout for a set without timeouts",
            operations: [other(.dynamic), change(.add, "seen", timeout: 1000)]),
        .init(name: "an update of a set without timeouts", operations: [other(.dynamic), change(.update, "seen")]),
        .init(name: "a rule that adds to a set without timeouts", operations: [other(.dynamic), change(.add, "seen")]),
        .init(name: "a rule that changes a set of a fixed size", operations: [other([]), change(.add, "seen")]),
        .init(name: "a rule that changes an interval set", operations: [other(.interval, size: nil), change(.add, "seen")]),
        .init(
            name: "a changed set without a size", operations: [other([.dynamic, .timeout], size: nil), change(.add, "seen")]
        ),
        .init(name: "a set of another size", before: [.addSet(seen)], operations: [other([.dynamic, .timeout], size: 7)]),
        .init(name: "the same set again", before: [.addSet(seen)], operations: [.addSet(seen)]),
        .init(
            name: "the same set without its size", before: [.addSet(seen)],
            operations: [other([.dynamic, .timeout], size: nil)]),
        .init(
            name: "a hash of none",
            operations: [rule(load + [.hash(source: .r1, length: 4, modulus: 0, seed: 1, to: .r1)])]),
        .init(
            name: "a hash of what was never written",
            operations: [rule(load + [.hash(source: .r1, length: 8, modulus: 3, seed: 1, to: .r1)])]),
        .init(
            name: "a hash of no bytes",
            operations: [rule(load + [.hash(source: .r1, length: 0, modulus: 3, seed: 1, to: .r1)])],
            difference: .neverSent("operands of a wrong length are not encoded")),
        .init(
            name: "a conversion of what was never written",
            operations: [rule([.hostToNetworkOrder(from: .r1, to: .r1)])]),
    ]
}
