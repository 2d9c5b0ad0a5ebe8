import Netlink
import NetworkNamespaceTesting
import Testing

@Suite(.timeLimit(.minutes(1))) struct NftablesSurveyTests {
    @Test("tables and chains of every family are seen, with hook and policy")
    func survey() async throws {
        let (tables, chains) = try await inNetworkNamespace {
            try nftLoad(
                """
                table inet filter {
                  chain forward { type filter hook forward priority 0; policy drop; }
                  chain input { type filter hook input priority 0; policy accept; }
                  chain plain { counter; }
                }
                table ip nat {
                  chain KUBE-SERVICES { }
                }
                table ip6 off {
                  flags dormant;
                  chain forward { type filter hook forward priority 0; policy drop; }
                }
                table bridge b {
                  chain forward { type filter hook forward priority 0; policy drop; }
                }
                """)
            let socket = try NftablesSocket()
            return (try socket.surveyTables(), try socket.surveyChains())
        }
        #expect(
            Set(tables) == [
                NftablesTableSummary(family: "inet", name: "filter"), NftablesTableSummary(family: "ip", name: "nat"),
                NftablesTableSummary(family: "ip6", name: "off", isDormant: true),
                NftablesTableSummary(family: "bridge", name: "b"),
            ])
        #expect(
            Set(chains) == [
                NftablesChainSummary(family: "inet", table: "filter", name: "forward", hook: .forward, dropsByPolicy: true),
                NftablesChainSummary(family: "inet", table: "filter", name: "input", hook: .input),
                NftablesChainSummary(family: "inet", table: "filter", name: "plain"),
                NftablesChainSummary(family: "ip", table: "nat", name: "KUBE-SERVICES"),
                NftablesChainSummary(family: "ip6", table: "off", name: "forward", hook: .forward, dropsByPolicy: true),
                NftablesChainSummary(family: "bridge", table: "b", name: "forward", dropsByPolicy: true),
            ])
    }
}
