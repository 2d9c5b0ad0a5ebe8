import Dataplane
import DataplaneTesting
import Netlink
import NetworkNamespaceTesting
import NetworkTypes
import ServiceTable
import Testing

@testable import NftablesDataplane

/// Plans cut into transactions, as the kernel takes them.
@Suite(.enabled(if: Requirement.root, "needs root: makes network namespaces"))
struct KernelTransactionTests {
    static let seeds: ClosedRange<UInt64> = 1...3

    /// Frontends whose treatment leads to an index without endpoint, as text.
    private static func dangling(_ kernel: KernelTable) -> [String] {
        let treatments = kernel.treatments
        var found: [String] = []
        let endpoints = kernel.elements.mapValues { Set($0.map(\.key)) }
        let ids = kernel.elements.mapValues { elements in
            Dictionary(
                elements.compactMap { element -> ([UInt8], [UInt8])? in
                    guard case .value(let id)? = element.data else { return nil }
                    return (element.key, id)
                }, uniquingKeysWith: { first, _ in first })
        }
        for frontends in [TableSet.serviceAddresses, .nodePorts] {
            for element in kernel.elements[frontends] ?? [] {
                guard case .value(let bytes)? = element.data, let treatment = treatments[HostOrder.value(bytes)] else {
                    found.append("\(frontends) \(element.key): no treatment")
                    continue
                }
                for chain in treatment.chains {
                    if kernel.chains[chain.name] == nil { found.append("\(element.key): no chain \(chain.name)") }
                    for index in 0..<chain.count {
                        let key = element.key + HostOrder.bytes(UInt32(index))
                        let isThere =
                            if chain.affinitySeconds == nil {
                                endpoints[chain.maps.endpoints]?.contains(key) == true
                            } else {
                                ids[chain.maps.affinitySlots]?[key].map {
                                    endpoints[chain.maps.affinityEndpoints]?.contains(element.key + $0) == true
                                } ?? false
                            }
                        if !isThere { found.append("\(chain.name) \(element.key): no endpoint \(index)") }
                    }
                }
            }
        }
        return found
    }

    @Test("Between transactions each service port is wholly old or wholly new", arguments: seeds, IPFamily.allCases)
    func wholeBetweenTransactions(_ seed: UInt64, _ family: IPFamily) async throws {
        try await inFreshNamespace {
            let nftables = NftablesFamily(family)
            let kernel = try KernelTableState(nftables)
            var random = RandomServiceTable(seed: seed)
            let old = random.table()
            let new = random.changed(old, oneIn: 2)
            var (creation, planner) = NftablesPlanner.fullPlan(family: nftables, kernel: nil, table: old)
            for transaction in creation.transactions(limitBytes: .max) { try kernel.commit(transaction) }
            creation = planner.plan(new.changes(from: old))
            let transactions = creation.transactions(limitBytes: 1)
            let (before, after) = (old.owners(family), new.owners(family))
            let keys = Set((Array(old.values) + Array(new.values)).map(\.key)).filter { $0.family == family }
            for (index, transaction) in transactions.enumerated() {
                try kernel.commit(transaction)
                let held = try #require(try kernel.executor.read(from: kernel.socket))
                #expect(Self.dangling(held) == [], "seed \(seed), after transaction \(index)")
                let tracer = PacketTracer(
                    FakeNftables(family: nftables, kernel: held), localAddresses: Set(RandomServiceTable.nodeAddresses))
                for key in keys {
                    let ports = [old[key], new[key]].compactMap { $0 }
                    let flows = FrontendFlow.all(Set(ports.flatMap { port in port.frontends.map { $0.key(in: key) } }))
                    let found = try flows.map { try tracer.outcomes($0.packet) }
                    let isOld = agree(found, flows, before)
                    let isNew = agree(found, flows, after)
                    #expect(isOld || isNew, "seed \(seed), after transaction \(index): \(key)")
                }
            }
            let broken1 = try violations(kernel.read(), of: new, family: family)
            #expect(broken1 == [], "seed \(seed)")
        }
    }

    /// One Service of one family with this many endpoints.
    private static func large(_ family: IPFamily, endpoints: Int, moved: Bool = false) -> ServiceTable {
        let network: UInt128 = family == .ipv4 ? 0x0AF4_0000 : 0xFD00 << 112
        let backends = (0..<endpoints).map { number in
            let shift = moved && number % 2 == 0 ? endpoints : 0
            return Backend(address: IPAddress(bits: network + UInt128(number + shift), family: family), port: 8080)
        }
        return .of([
            .named(
                "large", family: family, cluster: backends,
                frontends: [
                    .clusterIP(
                        family == .ipv4 ? "10.96.0.1" : "fd00:96::1", 80,
                        OriginVerdicts(all: .balance(.cluster, masquerade: true)))
                ])
        ])
    }

    @Test("A Service of 20 000 endpoints is written and changed whole", arguments: IPFamily.allCases)
    func manyEndpoints(family: IPFamily) async throws {
        try await inFreshNamespace {
            let nftables = NftablesFamily(family)
            let (old, new) = (Self.large(family, endpoints: 20_000), Self.large(family, endpoints: 20_000, moved: true))
            var dataplane = try NftablesDataplane()
            let first = try dataplane.synchronize(old, family: family)
            #expect(first.transactions == 1)
            let step = try dataplane.apply(new.changes(from: old), family: family)
            #expect([step.transactions, step.elementsDeleted, step.elementsAdded] == [1, 10_000, 10_000])
            let kernel = try KernelTableState(nftables).read()
            #expect(kernel.differences(from: try PlannedTable(new, family: family).fake) == [])
        }
    }

    @Test("No element list of a Service of 20 000 endpoints passes 64 KiB", arguments: NftablesFamily.allCases)
    func elementListsFit(family: NftablesFamily) throws {
        let (plan, _) = NftablesPlanner.fullPlan(
            family: family, kernel: nil, table: Self.large(family.ipFamily, endpoints: 20_000))
        let table = TableLayout(family: family).table
        var lists = 0
        for operation in plan.transactions(limitBytes: .max).joined() {
            guard case .addElements(let set, let elements) = operation else { continue }
            // One list more costs its message; so each size is seen, to the last element of each list.
            var batch = NftablesBatch()
            var first = 0
            for index in elements.indices {
                let (count, bytes) = (batch.operationCount, batch.byteCount)
                try batch.addElements([elements[index]], to: set.definition(family), in: table)
                if batch.operationCount > count {
                    #expect(bytes - first <= NftablesLimits.elementListBytes + 128, "\(set)")
                    first = bytes
                    lists += 1
                }
            }
            #expect(batch.byteCount - first <= NftablesLimits.elementListBytes + 128, "\(set)")
        }
        #expect(lists > 20_000 * 40 / NftablesLimits.elementListBytes)
    }

    @Test("30 000 service ports are written, and one changed, in whole transactions")
    func manyServicePorts() async throws {
        try await inFreshNamespace {
            let old = KernelCluster.table(services: 15_000)
            var dataplane = try NftablesDataplane(transactionLimitBytes: 1 << 20)
            for family in IPFamily.allCases {
                let report = try dataplane.synchronize(old, family: family)
                #expect(report.transactions > 3)
                var new = old
                let key = try #require(old.values.first { $0.key.family == family }?.key)
                new[key] = nil
                let step = try dataplane.apply(
                    ServiceTableChange(old: old, new: new, changed: [key]), family: family)
                #expect(step.transactions == 1 && step.elementsDeleted < 20)
                let kernel = try KernelTableState(NftablesFamily(family)).read()
                let frontends = kernel.elements(of: .serviceAddresses).count
                #expect(frontends == 14_999)
                #expect(kernel.elements(of: .clusterEndpoints).count == 3 * 14_999)
            }
        }
    }
}
