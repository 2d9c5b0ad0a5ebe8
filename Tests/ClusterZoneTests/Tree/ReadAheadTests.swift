import DNSWire
import NetworkTypes
import Testing

@testable import ClusterZone

@Suite struct ReadAheadTests {
    private static func name(_ number: Int) -> DomainName { DomainName("s\(number).a.svc.cluster.local") ?? .root }

    private static func zone(_ count: Int) -> ClusterZone {
        var tree = ZoneTree(settings: ZoneSettings(domain: DomainName("cluster.local") ?? .root))
        let nodes = (0..<count).map { ZoneNode(name: name($0), sets: [.a([IPAddress(v4: UInt32($0))])]) }
        tree.apply(ZoneChange(nodes: nodes, serial: 1))
        return tree.zone
    }

    /// Bytes of the bucket and of the node that an answer for the name reads; without a node the bucket twice.
    private static func bytesRead(_ name: DomainName, _ zone: ClusterZone) -> Int {
        let table = zone.tables.names
        let hash = NameHash.hash(of: name)
        let bucket = table.bucket(hash) ?? table.root
        // SAFETY: the name is only read, during the call.
        let node = unsafe name.lowercased.wire.withUnsafeBytes { unsafe table.find($0, hash: hash)?.block }
        return bucket.byteCount + (node ?? bucket).byteCount
    }

    @Test(arguments: [0, 1, 7, 2000])
    func whatIsReadIsWhatTheAnswersRead(_ names: Int) {
        let zone = Self.zone(names)
        for count in [0, 1, 31, 32] {
            // Half of them are not there.
            let asked = (0..<count).map { Self.name($0 % 2 == 0 ? $0 : 1_000_000 + $0) }
            let hashes = asked.map(NameHash.hash(of:))
            let read = zone.readAhead(hashes.span)
            let expected = asked.reduce(0) { $0 + Self.bytesRead($1, zone) }
            #expect(read == UInt64(expected))
        }
    }

    @Test func namesBeyondTheLimitAreLeftOut() {
        let zone = Self.zone(100)
        let hashes = (0..<100).map { NameHash.hash(of: Self.name($0)) }
        let (all, first) = (zone.readAhead(hashes.span), zone.readAhead(Array(hashes[..<ClusterZone.readAheadLimit]).span))
        #expect(all == first)
    }
}
