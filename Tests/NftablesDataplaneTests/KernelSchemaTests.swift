import Dataplane
import LinuxSystem
import Netlink
import NetworkNamespaceTesting
import NetworkTypes
import ServiceTable
import Testing

@testable import NftablesDataplane

/// The schema version that a table carries.
@Suite(.enabled(if: Requirement.root && Requirement.tool("nft"), "needs root and nft"))
struct KernelSchemaTests {
    @Test(
        "The version is read from the comment",
        arguments: [
            (TableSchema.comment(2), 2), (TableSchema.comment(30), 30), ("Kubernetes Services, kept by Fairway", nil),
            ("other words, schema 7", 7), ("schema 7", nil), (", schema ", nil), ("x, schema 7b", nil),
            (", schema 99999999999999999999", nil), ("", nil), (nil, nil),
        ] as [(String?, Int?)])
    func version(comment: String?, version: Int?) {
        #expect(TableSchema.version(in: comment) == version)
    }

    @Test("A table of a newer schema is refused by name and left as it is", arguments: IPFamily.allCases)
    func refusesNewer(family: IPFamily) async throws {
        let network = TestNetwork()
        defer { network.close() }
        let node = try network.addNamespace("node")
        let newer = TableSchema.current + 1
        let name = NftablesFamily(family).text
        let script = "table \(name) fairway {\n\tcomment \"\(TableSchema.comment(newer))\"\n\tchain future {\n\t\tcounter accept\n\t}\n}\n"
        _ = try await node.run(["nft", "-f", "-"], input: script)
        let before = try await node.run(["nft", "list", "ruleset"]).standardOutput
        let errors = try await node.inside {
            var errors: [DataplaneError] = []
            for attempt in 0..<3 {
                do throws(DataplaneError) {
                    var dataplane = try NftablesDataplane()
                    let (old, new) = (ServiceTable(), KernelCluster.table(services: 3))
                    switch attempt {
                    case 0: _ = try dataplane.adoptOrder()
                    case 1: _ = try dataplane.synchronize(new, family: family)
                    default: _ = try dataplane.apply(new.changes(from: old), family: family)
                    }
                } catch {
                    errors.append(error)
                }
            }
            return errors
        }
        #expect(errors.map(\.code) == [.newerVersion, .newerVersion, .newerVersion])
        let text = "table \(name) fairway was written by a newer Fairway (schema \(newer), this one knows "
            + "\(TableSchema.current)); run that version, or `fairway cleanup` first"
        #expect(errors.allSatisfy { $0.description.hasSuffix(text) }, "\(errors)")
        let after = try await node.run(["nft", "list", "ruleset"]).standardOutput
        #expect(after == before)
        let removed = try await node.inside {
            var dataplane = try NftablesDataplane()
            return try dataplane.cleanup()
        }
        #expect(removed == ["table \(name) fairway"])
    }

    @Test(
        "A table of this layout and an older schema, or none, is made anew",
        arguments: ["Kubernetes Services, kept by Fairway", TableSchema.comment(1)])
    func replacesOlder(comment: String) async throws {
        let (first, second, found) = try await inFreshNamespace {
            let table = KernelCluster.table(services: 40)
            let layout = TableLayout(family: .ip)
            let socket = try NftablesSocket()
            var batch = NftablesBatch()
            try batch.addTable(NftablesTable(family: .ip, name: TableLayout.tableName, comment: comment))
            for set in layout.sets { try batch.addSet(set, to: layout.table) }
            for chain in layout.chains { try batch.addChain(chain, to: layout.table) }
            try socket.commit(batch)
            // Replaced whole although it is many times larger than a transaction is elsewhere.
            var dataplane = try NftablesDataplane(transactionLimitBytes: 1024)
            let first = try dataplane.synchronize(table, family: .ipv4)
            let second = try dataplane.synchronize(table, family: .ipv4)
            return (first, second, try socket.tables(.ip).map(\.comment))
        }
        #expect(first.transactions == 1 && first.elementsAdded > 100)
        #expect(second.isEmpty)
        #expect(found == [TableSchema.comment(TableSchema.current)])
    }

    @Test("A table of another layout is replaced in one transaction, with 100 000 elements too")
    func replacesLargeTable() async throws {
        let (replaced, commits) = try await inFreshNamespace {
            try WatchedDataplane.nft("table ip fairway { chain web { counter accept; }; }\n")
            let socket = try NftablesSocket()
            let before = try socket.generation()
            var dataplane = try NftablesDataplane()
            let report = try dataplane.synchronize(KernelCluster.table(services: 26_000, families: [.ipv4]), family: .ipv4)
            return (report, try socket.generation() - before)
        }
        #expect(replaced.elementsAdded > 100_000)
        #expect(replaced.transactions == 1 && commits == 1)
    }
}
