import ClusterZone
import KubernetesModel
import KubernetesModelTesting
import NetworkTypes
import ObjectStore
import Testing

@Suite struct LocalPodTableTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var why: String
        var pods: [Pod]
        var expected: [String: String]
        var testDescription: String { why }
    }

    @Test(arguments: [
        Row(why: "both addresses of a running pod", pods: [.make("a-1", ip: "10.0.0.1", ips: ["fd00::1"])],
            expected: ["10.0.0.1": "default", "fd00::1": "default"]),
        Row(why: "pending", pods: [.make("a-1", ip: "10.0.0.1", phase: .pending)], expected: ["10.0.0.1": "default"]),
        Row(why: "of another node", pods: [.make("a-1", ip: "10.0.0.1", node: "node-b")], expected: [:]),
        Row(why: "with the node's address", pods: [.make("a-1", ip: "10.0.0.1") { $0.hostNetwork = true }], expected: [:]),
        Row(why: "ended", pods: [.make("a-1", ip: "10.0.0.1", phase: .succeeded), .make("a-2", ip: "10.0.0.2", phase: .failed)],
            expected: [:]),
        Row(why: "being deleted", pods: [.make("a-1", ip: "10.0.0.1", terminating: true)], expected: [:]),
        Row(why: "one address, one namespace", pods: [.make("a-1", ip: "10.0.0.1"), .make("a-2", ip: "10.0.0.1")],
            expected: ["10.0.0.1": "default"]),
        Row(why: "one address, two namespaces",
            pods: [.make("a-1", ip: "10.0.0.1"), .make("a-1", namespace: "other", ip: "10.0.0.1", ips: ["fd00::1"])],
            expected: ["fd00::1": "other"]),
        Row(why: "an address that was free again",
            pods: [.make("a-1", ip: "10.0.0.1", phase: .succeeded), .make("a-1", namespace: "other", ip: "10.0.0.1")],
            expected: ["10.0.0.1": "other"]),
    ])
    func `which pods count`(row: Row) {
        var store = ObjectStore()
        let dirty = store.apply(row.pods.map { .set(.pod($0)) })
        var table = LocalPodTable(nodeName: "node-a")
        let changed = table.update(snapshot: store.snapshot, dirty: dirty)
        #expect(changed == !row.expected.isEmpty)
        #expect(Dictionary(uniqueKeysWithValues: table.pods.namespaces.map { ("\($0)", $1) }) == row.expected)
        let again = table.update(snapshot: store.snapshot, dirty: dirty)
        #expect(!again)
    }

    @Test func `steps end where a fresh table ends`() {
        var random = SystemRandomNumberGenerator()
        let seed = random.next() as UInt64
        print("seed \(seed)")
        var state = seed | 1
        func next(_ bound: UInt64) -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state % bound
        }
        var store = ObjectStore()
        var table = LocalPodTable(nodeName: "node-a")
        for _ in 0..<2000 {
            let name = "p-\(next(8))"
            let namespace = ["default", "other"][Int(next(2))]
            let pod = Pod.make(
                name, namespace: namespace, ip: "10.0.0.\(next(6))", node: ["node-a", "node-b"][Int(next(2))],
                terminating: next(4) == 0, phase: Pod.Phase.allCases[Int(next(5))])
            let event: StoreEvent = next(3) == 0 ? .delete(ObjectReference(kind: .pod, key: pod.metadata.key)) : .set(.pod(pod))
            let before = table.pods
            let dirty = store.apply([event])
            let changed = table.update(snapshot: store.snapshot, dirty: dirty)
            #expect((table.pods != before) == changed)
            var fresh = LocalPodTable(nodeName: "node-a")
            _ = fresh.update(snapshot: store.snapshot, dirty: DirtyKeys())
            #expect(fresh.pods == table.pods)
        }
    }
}
