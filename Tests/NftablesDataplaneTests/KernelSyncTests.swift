import Dataplane
import Netlink
import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import ServiceTable
import Testing

@testable import NftablesDataplane

/// The dataplane against the real kernel, in a namespace for each test.
@Suite(.enabled(if: Requirement.root, "needs root: makes network namespaces"))
struct KernelSyncTests {
    /// Runs `body` in a fresh namespace, which is removed afterwards.
    private func inNamespace<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        let network = TestNetwork()
        defer { network.close() }
        return try await network.addNamespace("node").inside(body)
    }

    @Test("A first sync writes, a second sends nothing, a restarted dataplane sends nothing")
    func repeatedSyncSendsNothing() async throws {
        try await inNamespace {
            let table = KernelCluster.table(services: 50)
            var dataplane = try NftablesDataplane()
            _ = try dataplane.adoptOrder()
            for family in IPFamily.allCases {
                let first = try dataplane.synchronize(table, family: family)
                #expect(!first.isEmpty)
                let second = try dataplane.synchronize(table, family: family)
                #expect(second.isEmpty, "\(family): \(second)")
            }
            var restarted = try NftablesDataplane()
            let order = try restarted.adoptOrder()
            #expect(!order.isEmpty)
            for family in IPFamily.allCases {
                let report = try restarted.synchronize(table, family: family)
                #expect(report.isEmpty, "\(family): \(report)")
            }
        }
    }

    @Test("The order a restarted dataplane reports is the one that was written")
    func adoptedOrder() async throws {
        try await inNamespace {
            let table = KernelCluster.table(services: 20)
            var dataplane = try NftablesDataplane()
            for family in IPFamily.allCases { _ = try dataplane.synchronize(table, family: family) }
            var restarted = try NftablesDataplane()
            let order = try restarted.adoptOrder()
            for port in table.values {
                for frontend in port.frontends {
                    let held = order.cluster[frontend.key(in: port.key)] ?? []
                    #expect(held.map(\.description) == port.clusterBackends.backends.map(\.description))
                }
            }
        }
    }

    @Test("Chains that nothing uses any more go at once, and those that an earlier process left with the first sync")
    func unusedChains() async throws {
        let counts = try await inNamespace {
            var dataplane = try NftablesDataplane()
            let table = KernelCluster.table(services: 30)
            let empty = ServiceTable(node: table.node)
            for family in IPFamily.allCases { _ = try dataplane.synchronize(empty, family: family) }
            let before = try dataplane.kernelCounts()
            for family in IPFamily.allCases { _ = try dataplane.apply(table.changes(from: empty), family: family) }
            let full = try dataplane.kernelCounts()
            for family in IPFamily.allCases { _ = try dataplane.apply(empty.changes(from: table), family: family) }
            let after = try dataplane.kernelCounts()
            for family in IPFamily.allCases { _ = try dataplane.apply(table.changes(from: empty), family: family) }
            var second = try NftablesDataplane()
            for family in IPFamily.allCases { _ = try second.synchronize(empty, family: family) }
            return [before, full, after, try second.kernelCounts()].map(\.chains)
        }
        #expect(counts[1] > counts[0])
        #expect(counts[2] == counts[0])
        #expect(counts[3] == counts[0])
    }

    @Test("Every change of one service port leaves the kernel as a fresh sync would")
    func incrementalEqualsFresh() async throws {
        try await inNamespace {
            let before = KernelCluster.table(services: 30)
            let after = KernelCluster.table(services: 30, revision: 1)
            var dataplane = try NftablesDataplane()
            for family in IPFamily.allCases {
                _ = try dataplane.synchronize(before, family: family)
                let step = try dataplane.apply(after.changes(from: before), family: family)
                #expect(step.elementsAdded > 0)
                let check = try dataplane.synchronize(after, family: family)
                #expect(check.isEmpty, "\(family): \(check)")
            }
        }
    }

    @Test("A sync that stops after any of its transactions is taken up by the next", arguments: [IPFamily.ipv4, .ipv6])
    func interruptedSync(family: IPFamily) async throws {
        try await inNamespace {
            let table = KernelCluster.table(services: 40)
            let nftables = NftablesFamily(family)
            let full = NftablesPlanner.fullPlan(family: nftables, kernel: nil, table: table)
            let transactions = full.plan.transactions(limitBytes: 2048)
            #expect(transactions.count > 3)
            for stop in 0...transactions.count {
                var dataplane = try NftablesDataplane(transactionLimitBytes: 2048)
                let socket = try NftablesSocket()
                for transaction in transactions.prefix(stop) {
                    try NftablesExecutor(family: nftables).commit(transaction, on: socket)
                }
                _ = try dataplane.synchronize(table, family: family)
                #expect(try dataplane.synchronize(table, family: family).isEmpty, "after \(stop) transactions")
                _ = try dataplane.cleanup()
            }
        }
    }

    @Test("A transaction the kernel refuses changes nothing and names the object")
    func refusedTransaction() async throws {
        try await inNamespace {
            let table = KernelCluster.table(services: 3)
            var dataplane = try NftablesDataplane()
            _ = try dataplane.synchronize(table, family: .ipv4)
            let socket = try NftablesSocket()
            let executor = NftablesExecutor(family: .ip)
            let before = try executor.read(from: socket)
            let missing = NftablesElement(key: [10, 0, 0, 1, 6, 0, 0, 0, 0, 80, 0, 0])
            let refusal = #expect(throws: NetlinkError.self) {
                try executor.commit(
                    [.flushSet(.serviceAddresses), .deleteElements(.serviceAddresses, [missing])], on: socket)
            }
            #expect(refusal?.description.contains("service-ips") == true, "\(String(describing: refusal))")
            // As sets: a hash table that grows in the background gives them in another order.
            let after = try executor.read(from: socket)
            #expect(after?.elements.mapValues(Set.init) == before?.elements.mapValues(Set.init))
        }
    }

    @Test("A foreign edit is put right by the next full sync")
    func repairsForeignEdits() async throws {
        try await inNamespace {
            let table = KernelCluster.table(services: 10)
            var dataplane = try NftablesDataplane()
            _ = try dataplane.synchronize(table, family: .ipv4)
            let socket = try NftablesSocket()
            try NftablesExecutor(family: .ip).commit(
                [
                    .flushSet(.clusterEndpoints), .flushChain("services"), .flushSet(.masqueradeFromOutside),
                    .flushChain("balance-3"),
                ], on: socket)
            let repair = try dataplane.synchronize(table, family: .ipv4)
            #expect(repair.elementsAdded > 0 && repair.rulesWritten > 0)
            #expect(try dataplane.synchronize(table, family: .ipv4).isEmpty)
        }
    }

    @Test("Cleanup removes Fairway's tables and nothing else")
    func cleanup() async throws {
        let network = TestNetwork()
        defer { network.close() }
        let node = try network.addNamespace("node")
        _ = try await node.run(["nft", "add", "table", "ip", "mine"])
        try await node.inside {
            var dataplane = try NftablesDataplane()
            for family in IPFamily.allCases {
                _ = try dataplane.synchronize(KernelCluster.table(services: 3), family: family)
            }
            #expect(try dataplane.cleanup() == ["table ip fairway", "table ip6 fairway"])
            #expect(try dataplane.cleanup().isEmpty)
        }
        let left = try await node.run(["nft", "list", "tables"])
        #expect(left.standardOutput == "table ip mine\n")
    }

    @Test("Chains and rules are as many for 1 000 Services as for 10")
    func constantChains() async throws {
        func counts(_ services: Int) async throws -> [Int] {
            try await inNamespace {
                var dataplane = try NftablesDataplane()
                for family in IPFamily.allCases {
                    _ = try dataplane.synchronize(KernelCluster.table(services: services), family: family)
                }
                let counts = try dataplane.kernelCounts()
                return [counts.chains, counts.rules]
            }
        }
        #expect(try await counts(10) == counts(1000))
    }
}

/// Service tables for the kernel: dual stack, a NodePort each third, three endpoints a Service.
enum KernelCluster {
    static func table(
        services: Int, revision: Int = 0, families: [IPFamily] = IPFamily.allCases
    ) -> ServiceTable {
        var table = ServiceTable(
            node: NodeTable(
                localDetector: .sourcePrefixes(
                    ["10.244.0.0/16", "10.245.0.0/16", "fd00:10:244::/64"].compactMap { IPPrefix($0) }),
                nodePortAddresses: ["192.0.2.1", "2001:db8::1"].compactMap { IPAddress($0) }))
        for index in 0..<services {
            for family in families {
                // A revision changes every fourth Service, drops one and renumbers another.
                let moved = revision > 0 && index % 4 == 1
                if revision > 0 && index == 2 { continue }
                let port = servicePort(index, family, endpointShift: moved ? 1000 : 0, extra: moved ? 1 : 0)
                table[port.key] = port
            }
        }
        return table
    }

    private static func address(_ family: IPFamily, _ prefix: UInt32, _ index: Int) -> IPAddress {
        family == .ipv4
            ? IPAddress(v4: prefix + UInt32(index))
            : IPAddress(bits: UInt128(0xFD00) << 112 | UInt128(prefix) << 32 | UInt128(index), family: .ipv6)
    }

    private static func servicePort(
        _ index: Int, _ family: IPFamily, endpointShift: Int, extra: Int
    ) -> ServicePort {
        let key = ServicePortKey(
            id: ServicePortID(namespace: "default", service: "service-\(index)", portName: "http", protocol: .tcp),
            family: family)
        let backends = (0..<(3 + extra)).map { number in
            Backend(
                address: address(family, 0x0AF4_0000, index * 4 + number + endpointShift), port: 8080,
                isLocal: number == 0)
        }
        let toCluster = Verdict.balance(.cluster, masquerade: true)
        var frontends = [
            Frontend(
                kind: .clusterIP, destination: .address(address(family, 0x0A60_0000, index)), port: 80,
                verdicts: OriginVerdicts(
                    pod: .balance(.cluster, masquerade: false), node: toCluster, outside: toCluster))
        ]
        if index % 3 == 0, let nodePort = PortNumber(30000 + index) {
            frontends.append(
                Frontend(
                    kind: .nodePort, destination: .nodeAddresses, port: nodePort,
                    verdicts: OriginVerdicts(all: toCluster)))
        }
        return ServicePort(key: key, clusterBackends: BackendSet(backends), frontends: frontends)
    }
}
