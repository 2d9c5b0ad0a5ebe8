import ClusterZone
import DNSWire
import KubernetesModel
import NetworkTypes
import ObjectStore
import Testing

@Suite struct ZonePropertyTests {
    static func fromScratch(_ settings: ZoneSettings, _ snapshot: ClusterSnapshot) -> (ZoneTable, ZoneBuilder) {
        var builder = ZoneBuilder(settings: settings)
        var table = ZoneTable()
        table.apply(builder.update(snapshot: snapshot, dirty: DirtyKeys(), now: 1))
        return (table, builder)
    }

    @Test("step by step is what all at once is", arguments: (1...20) + [UInt64.random(in: 21 ... .max)])
    func incremental(seed: UInt64) {
        var random = RandomZone(seed: seed)
        var zone = ZoneUnderTest(random.settings())
        for step in 0..<40 {
            let comment: Comment = "seed \(seed), step \(step)"
            zone.apply(random.events(), comment)
            let (table, builder) = Self.fromScratch(zone.builder.settings, zone.store.snapshot)
            #expect(zone.table == table, comment)
            #expect(zone.builder.omittedNames == builder.omittedNames, comment)
            Self.expectSound(table, comment)
            if zone.table != table { return }
        }
    }

    @Test("the order of events and how they are cut into steps do not matter", arguments: (1...10) + [UInt64.random(in: 11 ... .max)])
    func order(seed: UInt64) {
        var random = RandomZone(seed: seed)
        let settings = random.settings()
        var last: [ObjectReference: StoreEvent] = [:]
        for event in (0..<60).flatMap({ _ in random.events() }) {
            switch event {
            case .set(let object): last[object.reference] = event
            case .delete(let reference): last[reference] = event
            default: break
            }
        }
        let references = last.keys.sorted()
        var expected = ObjectStore()
        _ = expected.apply(last.values)
        let (table, _) = Self.fromScratch(settings, expected.snapshot)
        for size in [1, 7] {
            var zone = ZoneUnderTest(settings)
            let events = random.order(references).compactMap { last[$0] }
            for start in stride(from: 0, to: events.count, by: size) {
                zone.apply(Array(events[start..<min(start + size, events.count)]), "seed \(seed)")
            }
            #expect(zone.table == table, "seed \(seed)")
        }
    }

    /// Every parent exists, records are in their order and distinct, targets within the zone exist and glue is theirs.
    static func expectSound(_ table: ZoneTable, _ comment: Comment) {
        for (name, sets) in table.nodes {
            if name != cluster, let parent = name.parent {
                #expect(table.nodes[parent] != nil, "\(comment): \(name) has no parent")
            }
            #expect(name.wire == name.lowercased.wire, comment)
            #expect(sets.map(\.type.rawValue) == Set(sets.map(\.type.rawValue)).sorted(), comment)
            if sets.contains(where: { $0.type == .cname }) { #expect(sets.count == 1, comment) }
            for set in sets { expectSound(set, table, "\(comment): \(name)") }
        }
        for names in table.pointers.values {
            #expect(Set(names).count == names.count, comment)
            #expect(names.allSatisfy { table.nodes[$0] != nil }, comment)
        }
    }

    static func expectSound(_ set: RecordSet, _ table: ZoneTable, _ comment: Comment) {
        switch set {
        case .a(let addresses), .aaaa(let addresses):
            #expect(!addresses.isEmpty && addresses == Set(addresses).sorted(), comment)
            #expect(addresses.allSatisfy { ($0.family == .ipv4) == (set.type == .a) }, comment)
        case .srv(let locations, let glue):
            let pairs = locations.map { "\($0.target) \($0.port)" }
            #expect(!pairs.isEmpty && Set(pairs).count == pairs.count, comment)
            #expect(Set(locations.map(\.target)) == Set(glue.map(\.name)), comment)
            expectSound(glue, table, comment)
        case .ns(let names, let glue):
            #expect(names == glue.map(\.name), comment)
            expectSound(glue, table, comment)
        case .cname, .txt: break
        }
    }

    static func expectSound(_ glue: [RecordSet.Glue], _ table: ZoneTable, _ comment: Comment) {
        for entry in glue {
            var owned: [IPAddress] = []
            for case .a(let addresses) in table.nodes[entry.name] ?? [] { owned += addresses }
            for case .aaaa(let addresses) in table.nodes[entry.name] ?? [] { owned += addresses }
            #expect(entry.addresses == owned, comment)
        }
    }
}
