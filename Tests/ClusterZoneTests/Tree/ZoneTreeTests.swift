import DNSWire
import KubernetesModelTesting
import NetworkTypes
import RandomTesting
import Testing

@testable import ClusterZone

/// Random changes of a zone, and what the zone must hold after them.
private struct RandomTree {
    var random: SplitMix64
    var nodes: [DomainName: ZoneNode] = [:]
    var pointers: [IPAddress: [DomainName]] = [:]
    let size: Int

    static let domain = DomainName("cluster.local") ?? .root

    init(seed: UInt64, size: Int) {
        random = SplitMix64(seed: seed)
        self.size = size
    }

    private mutating func name() -> DomainName {
        DomainName("s\(random.number(0...size)).ns\(random.number(0...3)).svc.cluster.local") ?? .root
    }

    private mutating func address() -> IPAddress {
        let value = UInt32(random.number(0...size))
        return random.oneIn(3) ? IPAddress(bits: 0xFD00 << 112 | UInt128(value), family: .ipv6) : IPAddress(v4: 0x0A60_0000 + value)
    }

    private mutating func node() -> ZoneNode {
        let target = self.name()
        let glue = RecordSet.Glue(name: target, addresses: [IPAddress(v4: 1)])
        var sets: [RecordSet] = []
        if random.oneIn(8) { return ZoneNode(name: name(), sets: [.cname(target)]) }
        if random.oneIn(2) { sets.append(.a((0...random.number(0...4)).map { IPAddress(v4: UInt32($0)) })) }
        if random.oneIn(3) { sets.append(.aaaa([IPAddress(bits: 5, family: .ipv6)])) }
        if random.oneIn(3) {
            sets.append(.srv([ServiceLocation(priority: 0, weight: 9, port: 1, target: target)], glue: [glue]))
        }
        return ZoneNode(name: name(), sets: sets)
    }

    mutating func change(_ count: Int) -> ZoneChange {
        var change = ZoneChange(serial: 7)
        for _ in 0..<count {
            let node = self.node()
            change.nodes.removeAll { $0.name == node.name }
            change.nodes.append(node)
        }
        for _ in 0..<count {
            let name = self.name()
            if !change.nodes.contains(where: { $0.name == name }) { change.removed.append(name) }
        }
        for _ in 0..<count { change.pointers[address()] = random.oneIn(3) ? [] : [name()] }
        for name in change.removed { nodes[name] = nil }
        for node in change.nodes { nodes[node.name] = node }
        for (address, names) in change.pointers { pointers[address] = names.isEmpty ? nil : names }
        return change
    }

    var whole: ZoneChange { ZoneChange(nodes: Array(nodes.values), pointers: pointers, serial: 7) }
}

private func records(_ zone: ClusterZone) -> [ResourceRecord] {
    var result: [ResourceRecord] = []
    zone.forEachRecord { result.append($0) }
    return result
}

private let settings = ZoneSettings(
    domain: RandomTree.domain, reverseRanges: [IPPrefix("10.96.0.0/12"), IPPrefix("fd00::/16")].compactMap { $0 })

@Suite struct ZoneTreeTests {
    @Test("steps end where a zone made at once does", arguments: [(20, 4), (300, 40), (3000, 300)]) func stepsEndWhereAZone(
        _ size: Int, _ step: Int
    ) {
        let seed = UInt64.random(in: 0 ... .max)
        var source = RandomTree(seed: seed, size: size)
        var tree = ZoneTree(settings: settings)
        var kept: [(ClusterZone, [ResourceRecord], [DomainName])] = []
        for round in 0..<30 {
            tree.apply(source.change(step))
            let zone = tree.zone
            if round % 5 == 0 { kept.append((zone, records(zone), zone.names)) }
            guard round % 10 == 9 else { continue }
            var fresh = ZoneTree(settings: settings)
            fresh.apply(source.whole)
            #expect(records(zone) == records(fresh.zone), "seed \(seed), round \(round)")
            #expect(zone.names == fresh.zone.names, "seed \(seed), round \(round)")
            #expect(zone.nameCount == source.nodes.count, "seed \(seed)")
            #expect(zone.pointerCount == source.pointers.count, "seed \(seed)")
        }
        for (zone, before, names) in kept {
            #expect(records(zone) == before, "a snapshot changed, seed \(seed)")
            #expect(zone.names == names, "a snapshot changed, seed \(seed)")
        }
    }

    @Test("a snapshot outlives its tree") func aSnapshotOutlivesItsTree() {
        var source = RandomTree(seed: 3, size: 100)
        var zone: ClusterZone?
        do {
            var tree = ZoneTree(settings: settings)
            tree.apply(source.change(50))
            zone = tree.zone
            for _ in 0..<1000 { tree.apply(source.change(1)) }
        }
        #expect(zone.map { records($0).isEmpty } == false)
        // A chain of a thousand changes hangs on it.
        zone = nil
    }

    @Test("readers of old and new snapshots see whole zones while a writer changes them") func readersOfOldAndNew() async {
        let seed = UInt64.random(in: 0 ... .max)
        var source = RandomTree(seed: seed, size: 200)
        var tree = ZoneTree(settings: settings)
        tree.apply(source.change(100))
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<300 {
                tree.apply(source.change(5))
                let zone = tree.zone
                group.addTask { zone.names.count == zone.nameCount }
            }
            for await isWhole in group { #expect(isWhole, "seed \(seed)") }
        }
    }

    @Test("what is listed is what was put in") func whatIsListedIsWhat() {
        var tree = ZoneTree(settings: settings)
        let owner = DomainName("a.ns.svc.cluster.local") ?? .root
        let other = DomainName("www.Example.com") ?? .root
        let alias = DomainName("b.ns.svc.cluster.local") ?? .root
        let strings = [Array("one".utf8), Array("two".utf8)]
        tree.apply(
            ZoneChange(
                nodes: [
                    ZoneNode(name: owner, sets: [.ns([owner, other], glue: []), .txt(strings, timeToLive: 9)]),
                    ZoneNode(name: alias, sets: [.cname(other)]),
                ], pointers: [IPAddress(v4: 0x0A60_0001): [owner]], serial: 42))
        let listed = records(tree.zone)
        #expect(listed[0].type == .soa)
        #expect(listed[1].data == .ns(owner))
        #expect(listed[2].data == .ns(other))
        #expect(listed[3] == ResourceRecord(name: owner, timeToLive: 9, data: .txt(strings)))
        #expect(listed[4].data == .cname(other))
        #expect(listed.count == 7)
    }
}
