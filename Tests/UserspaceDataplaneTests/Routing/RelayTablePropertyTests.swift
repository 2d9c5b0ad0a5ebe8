import DataplaneTesting
import LinuxSystem
import NetworkTypes
import RandomTesting
import Relay
import ServiceTable
import Testing
import UserspaceDataplane

@Suite struct RelayTablePropertyTests {
    static let nodeAddresses = Set(RandomServiceTable.nodeAddresses + RandomServiceTable.otherNodeAddresses)

    private static let detectors: [LocalDetector] = [
        RandomServiceTable.node.localDetector, .none, .interface("cni0"),
        .sourcePrefixes([IPPrefix("10.244.0.0/16")].compactMap { $0 }),
    ]

    /// Everything that the table answers is what a walk says; where it relays, exactly these backends are drawn.
    private static func check(_ relay: RelayTable, _ walk: TableWalk, _ requests: Set<RelayRequest>, _ what: String) {
        for request in requests {
            let expected = walk.answer(request)
            switch relay.answer(request) {
            case .refuse(let refusal): #expect(.refused(refusal) == expected, "\(request), \(what)")
            case .relay(let service, let scope):
                let drawn = places(service, scope, request)
                #expect(.relayed(name: service.name, drawn) == expected, "\(request), \(what)")
            }
        }
    }

    private static func places(_ service: RelayService, _ scope: RelayService.Scope, _ request: RelayRequest) -> Set<String> {
        var tried: [RelayBackend] = []
        while let backend = service.choose(request, scope, after: tried) { tried.append(backend) }
        for backend in tried { backend.release() }
        return Set(tried.map(\.address.description))
    }

    @Test("after any steps every request is answered as the table says", arguments: [UInt64(1), 2, 3, .random(in: .min ... .max)])
    func answers(seed: UInt64) {
        var tables = RandomServiceTable(seed: seed)
        var random = SplitMix64(seed: seed ^ 1)
        let relay = RelayTable()
        relay.setNodeAddresses(Self.nodeAddresses)
        var old = ServiceTable()
        for step in 0..<15 {
            var node = RandomServiceTable.node
            node.localDetector = Self.detectors.randomElement(using: &random) ?? .none
            if random.oneIn(4) { node.nodePortAddresses.removeFirst() }
            var new = tables.changed(old, oneIn: step == 0 ? 1 : 4)
            new.node = node
            for family in IPFamily.allCases {
                if random.oneIn(5) {
                    _ = relay.synchronize(new, family: family)
                } else {
                    _ = relay.apply(new.changes(from: old), family: family)
                }
            }
            Self.check(
                relay, TableWalk(table: new, nodeAddresses: Self.nodeAddresses), TableWalk.requests([old, new]),
                "seed \(seed), step \(step)")
            old = new
        }
        let gone = ServiceTable().changes(from: old)
        for family in IPFamily.allCases { _ = relay.apply(gone, family: family) }
        #expect(relay.records.isEmpty, "seed \(seed)")
    }

    @Test("a source range is found among many", arguments: [UInt64(4), .random(in: .min ... .max)])
    func ranges(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let all: [IPPrefix] = (0..<200).compactMap { _ in
            IPPrefix(IPAddress(v4: 0x0a00_0000 + UInt32.random(in: 0..<65_536, using: &random)), length: .random(in: 22...32, using: &random))
        }
        let allowed = IPPrefix.outermost(of: all)
        let relay = RelayTable()
        let port = ServicePort.named(
            "web", cluster: [.at("10.0.0.1:80")],
            frontends: [
                .loadBalancerIP("203.0.113.1", 80, OriginVerdicts(all: .balance(.cluster, masquerade: true)), from: allowed)
            ])
        _ = relay.synchronize(.of([port]), family: .ipv4)
        let walk = TableWalk(table: .of([port]), nodeAddresses: [])
        let requests = (0..<2_000).map { _ in
            RelayRequest(
                .tcp, from: "\(IPAddress(v4: 0x0a00_0000 + UInt32.random(in: 0..<66_000, using: &random))):40000",
                to: "203.0.113.1:80")
        }
        Self.check(relay, walk, Set(requests), "seed \(seed)")
    }
}
