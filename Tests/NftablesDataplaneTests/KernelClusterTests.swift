import Dataplane
import KubernetesModel
import KubernetesModelTesting
import Netlink
import NetworkNamespaceTesting
import NetworkTypes
import ObjectStore
import RandomTesting
import ServicePolicy
import ServiceTable
import Testing

@testable import NftablesDataplane

/// Random clusters and random events, from the objects to the kernel. A failure names its seed.
@Suite(.enabled(if: Requirement.root, "needs root: makes network namespaces"))
struct KernelClusterTests {
    private static let options = PolicyOptions(nodeName: "node-a", clusterCIDRs: [prefix("10.244.0.0/16")])
    private static let hostAddresses = [ip("192.0.2.10"), ip("2001:db8::10")]

    /// A daemon without its threads: policy and dataplane over one store.
    private struct Node: ~Copyable {
        var policy: ServicePolicy
        var dataplane: NftablesDataplane
        /// The first synchronisation had nothing to write.
        let wroteNothing: Bool

        /// Starts over what the kernel holds.
        init(_ snapshot: ClusterSnapshot) throws {
            var dataplane = try NftablesDataplane()
            var policy = ServicePolicy(options: options, adoptedOrder: try dataplane.adoptOrder())
            let change = policy.update(
                snapshot: snapshot, dirty: DirtyKeys(services: Set(snapshot.services.keys)), hostAddresses: hostAddresses)
            policy.finishAdoption()
            var wroteNothing = true
            for family in IPFamily.allCases {
                let report = try dataplane.synchronize(change.new, family: family)
                wroteNothing = wroteNothing && report.isEmpty
            }
            self.wroteNothing = wroteNothing
            self.policy = policy
            self.dataplane = dataplane
        }

        mutating func apply(_ dirty: DirtyKeys, _ snapshot: ClusterSnapshot) throws {
            let change = policy.update(snapshot: snapshot, dirty: dirty, hostAddresses: hostAddresses)
            for family in IPFamily.allCases { _ = try dataplane.apply(change, family: family) }
        }

        /// One more step clears chains that fell out of use.
        mutating func settle() throws {
            let nothing = ServiceTableChange(old: policy.table, new: policy.table, changed: [])
            for family in IPFamily.allCases { _ = try dataplane.apply(nothing, family: family) }
        }
    }

    /// What both tables mean, whatever index an endpoint has: that depends on the way it came about.
    private static func meanings() throws -> [TableMeaning] {
        try IPFamily.allCases.map { try TableMeaning(KernelTableState(NftablesFamily($0)).read()).withoutIndexes }
    }

    @Test("After random events the kernel holds what a fresh daemon writes, and a restarted one writes nothing", arguments: UInt64(1)...12)
    func incremental(seed: UInt64) async throws {
        let (stepped, restartWroteNothing, snapshot) = try await inFreshNamespace {
            var source = RandomCluster(seed: seed)
            var store = ObjectStore(expecting: [])
            var node = try Node(store.snapshot)
            for _ in 0..<60 {
                let dirty = store.apply((0..<source.random.number(1...4)).map { _ in source.event() })
                try node.apply(dirty, store.snapshot)
            }
            try node.settle()
            let stepped = try Self.meanings()
            return (stepped, try Node(store.snapshot).wroteNothing, store.snapshot)
        }
        let fresh = try await inFreshNamespace {
            _ = try Node(snapshot).wroteNothing
            return try Self.meanings()
        }
        #expect(stepped == fresh, "seed \(seed)")
        #expect(restartWroteNothing, "seed \(seed)")
        #expect(stepped.allSatisfy { $0.unusedCodes.isEmpty }, "seed \(seed)")
    }
}
