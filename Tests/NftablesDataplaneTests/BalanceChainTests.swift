import NftablesDataplane
import ServiceTable
import Testing

@Suite struct BalanceChainTests {
    static let names = [
        "balance-1", "balance-local-12", "nodeport-balance-3", "nodeport-balance-local-3", "balance-3-sh",
        "balance-7-rr-00000000000000ff", "balance-3-affinity-10800", "nodeport-balance-local-3-sh-affinity-86400",
        "balance-2-rr-ffffffffffffffff-affinity-1",
    ]

    @Test("a chain is told by its name", arguments: names) func roundTrip(_ name: String) throws {
        #expect(try #require(BalanceChain(name: name)).name == name)
    }

    @Test("every part is read", arguments: Row.parts) func parts(_ name: String, _ chain: BalanceChain) {
        #expect(BalanceChain(name: name) == chain)
    }

    enum Row {
        static let parts: [(String, BalanceChain)] = [
            ("balance-5", BalanceChain(isNodePort: false, scope: .cluster, count: 5)),
            ("nodeport-balance-local-2", BalanceChain(isNodePort: true, scope: .local, count: 2)),
            ("balance-2-sh", BalanceChain(isNodePort: false, scope: .cluster, count: 2, draw: .sourceHash)),
            (
                "balance-4-rr-000000000000000a-affinity-60",
                BalanceChain(isNodePort: false, scope: .cluster, count: 4, draw: .inTurn(10), affinitySeconds: 60)
            ),
        ]
    }

    @Test("other names are no balancing chains", arguments: [
        "", "balance", "balance-", "balance-0", "balance-03", "balance-x", "balance-3-", "balance-3-rr", "balance-3-rr-a",
        "balance-3-affinity-", "balance-3-affinity-0", "balance-3-affinity-60-sh", "balance-3-sh-", "services",
        "balance-+3", "nodeport-balance", "balance-3-sh-sh",
    ]) func strangers(_ name: String) {
        #expect(BalanceChain(name: name) == nil)
    }
}
