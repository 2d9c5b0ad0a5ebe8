import ConformanceTesting
import DataplaneTesting
import LinuxSystem
import Netlink
import NetworkNamespaceTesting
import NetworkTypes
import Testing

@testable import NftablesDataplane

/// The contract against the rules that the kernel holds: written by the dataplane, read back, traced.
@Suite(.enabled(if: Requirement.root, "needs root: makes network namespaces"))
struct KernelRulesTests {
    @Test func `the rules read back from the kernel do what the contract demands`() async throws {
        let violations = try await NetworkNamespace.make().inside {
            var dataplane = try NftablesDataplane()
            let socket = try NftablesSocket()
            var violations: [String] = []
            let rows = ConformanceSuite.cases(for: TracerTests.features).filter {
                $0.isRepresentative || $0.transports.contains(.sctp)
            }
            for row in rows {
                var cluster = ConformanceCluster(row.options)
                for (index, step) in row.steps.enumerated() {
                    let change = cluster.apply(step.events)
                    for family in IPFamily.allCases {
                        _ = index == 0
                            ? try dataplane.synchronize(cluster.table, family: family)
                            : try dataplane.apply(change, family: family)
                        guard row.families.contains(family) else { continue }
                        let nftables = NftablesFamily(family)
                        let kernel = try NftablesExecutor(family: nftables).read(from: socket)
                        var tracer = FlowTracer(FakeNftables(family: nftables, kernel: kernel))
                        // The kernel saw no packet and remembers no client.
                        var memories = StickyMemories()
                        violations += tracer.violations(step.flows.filter { $0.family == family }, &memories)
                            .map { "\(row.name): \(step.name): \($0)" }
                    }
                }
            }
            return violations
        }
        #expect(violations == [])
    }
}
