import DataplaneTesting
import Netlink
import NetworkTypes
import NftablesDataplane
import ServiceTable
import Testing

/// Packets beside the policies: hairpins, traffic that is not ours, NodePort addresses, detectors.
@Suite struct PacketWayTests {
    @Test(arguments: IPFamily.allCases, PolicyFixture.Target.allCases)
    func aBackendThatReachesItselfIsMasqueraded(_ family: IPFamily, _ target: PolicyFixture.Target) throws {
        // External local: pods keep their source, except for the hairpin.
        let fixture = PolicyFixture(family: family, policy: .externalLocal)
        let own = Backend.at(fixture.endpoint("3"))
        let packet = fixture.packet(from: "\(own.address)", .pod, target)
        let others = fixture.remote.map { Backend.at(fixture.endpoint($0)) }
        let expected =
            others.map { TraceOutcome.delivered(to: $0.address, $0.port, masqueraded: false) }
            + [.delivered(to: own.address, own.port, masqueraded: true)]
        #expect(try fixture.tracer().outcomes(packet) == Set(expected))
    }

    @Test(arguments: [BackendScope.cluster, .local]) func aHairpinNeedsItsBackendInOneSetOnly(_ scope: BackendScope) throws {
        let backends = [Backend.at("10.244.0.3:8080", isLocal: true)]
        let port = ServicePort.named(
            "web", cluster: scope == .cluster ? backends : [], local: scope == .local ? backends : [],
            frontends: [.clusterIP("10.96.0.10", 80, OriginVerdicts(all: .balance(scope, masquerade: false)))])
        let planned = try PlannedTable(.of([port], node: RandomServiceTable.node), family: .ipv4)
        let packet = TracedPacket(from: .text("10.244.0.3"), to: .text("10.96.0.10"), 80, on: "veth1")
        #expect(
            try planned.tracer.outcomes(packet) == [.delivered(to: .text("10.244.0.3"), 8080, masqueraded: true)])
    }

    @Test(arguments: IPFamily.allCases) func otherTrafficIsUntouched(_ family: IPFamily) throws {
        let fixture = PolicyFixture(family: family)
        let tracer = try fixture.tracer()
        for sender in PolicyFixture.Sender.allCases {
            for target in PolicyFixture.Target.allCases {
                let packet = fixture.packet(sender, target)
                var otherPort = packet
                otherPort.destinationPort = 81
                var otherProtocol = packet
                otherProtocol.protocol = .udp
                var backend = packet
                backend.destination = Backend.at(fixture.endpoint("1")).address
                backend.destinationPort = 8080
                var established = packet
                established.isNewConnection = false
                for other in [backend, established] {
                    #expect(try tracer.outcomes(other) == [.untouched], "\(other)")
                }
                // An address of a Service has nothing else; others may be a host's.
                for other in [otherPort, otherProtocol] {
                    let expected: TraceOutcome = target == .clusterIP ? .rejected : .untouched
                    #expect(try tracer.outcomes(other) == [expected], "\(other)")
                }
            }
        }
    }

    /// What a server of this node answers itself at a Service's address is not tracked (`LocalAddress`).
    @Test(arguments: IPFamily.allCases) func untrackedPacketsPass(_ family: IPFamily) throws {
        for fixture in [PolicyFixture(family: family), PolicyFixture(family: family, remote: [], local: [])] {
            let tracer = try fixture.tracer()
            for sender in PolicyFixture.Sender.allCases {
                for target in PolicyFixture.Target.allCases {
                    var packet = fixture.packet(sender, target)
                    packet.isUntracked = true
                    #expect(try tracer.outcomes(packet) == [.untouched], "\(packet)")
                }
            }
        }
    }

    @Test(arguments: IPFamily.allCases) func nodePortsAreServedOnTheirAddressesOnly(_ family: IPFamily) throws {
        for hasEndpoints in [true, false] {
            let fixture =
                hasEndpoints ? PolicyFixture(family: family) : PolicyFixture(family: family, remote: [], local: [])
            let tracer = try fixture.tracer()
            for sender in PolicyFixture.Sender.allCases {
                var packet = fixture.packet(sender, .nodePort)
                let expected: Set<TraceOutcome> = hasEndpoints ? fixture.outcomes("ALL M") : [.rejected]
                #expect(try tracer.outcomes(packet) == expected)
                packet.destination = .text(fixture.address(.clusterIP))
                #expect(try tracer.outcomes(packet) == [.rejected], "\(packet)")
                for address in [fixture.otherNodeAddress, fixture.source(.outside)] {
                    packet.destination = .text(address)
                    #expect(try tracer.outcomes(packet) == [.untouched], "\(packet)")
                }
            }
        }
    }

    struct Detector: CustomTestStringConvertible, Sendable {
        let name: String
        let detector: LocalDetector
        /// Source and interface of pods, and of others.
        let pods: [(String, String)]
        let others: [(String, String)]
        var testDescription: String { name }
    }

    private static func prefixes(_ texts: String...) -> LocalDetector {
        .sourcePrefixes(texts.compactMap { IPPrefix($0) })
    }

    static let detectors: [Detector] = [
        Detector(name: "none", detector: .none, pods: [], others: [("10.244.0.99", "veth1")]),
        Detector(
            name: "one prefix", detector: prefixes("10.244.0.0/16"),
            pods: [("10.244.0.0", "eth0"), ("10.244.255.255", "eth0")],
            others: [("10.243.255.255", "veth1"), ("10.245.0.0", "veth1")]),
        Detector(
            name: "several prefixes, two adjacent, one inside another",
            detector: prefixes("10.244.0.0/24", "10.244.1.0/24", "10.250.0.0/16", "10.250.7.0/24", "192.0.2.1/32"),
            pods: [
                ("10.244.0.255", "eth0"), ("10.244.1.0", "eth0"), ("10.250.255.255", "eth0"), ("192.0.2.1", "eth0"),
            ],
            others: [("10.244.2.0", "eth0"), ("10.249.255.255", "eth0"), ("10.251.0.0", "eth0"), ("192.0.2.2", "eth0")]),
        Detector(
            name: "a prefix at the end of the family", detector: prefixes("240.0.0.0/4"),
            pods: [("255.255.255.255", "eth0"), ("240.0.0.0", "eth0")], others: [("239.255.255.255", "eth0")]),
        Detector(
            name: "every address", detector: prefixes("0.0.0.0/0"), pods: [("1.2.3.4", "eth0"), ("0.0.0.0", "eth0")],
            others: []),
        Detector(
            name: "prefixes of the other family alone", detector: prefixes("fd00:244::/64"), pods: [],
            others: [("10.244.0.99", "veth1")]),
        Detector(
            name: "both families", detector: prefixes("10.244.0.0/16", "fd00:244::/64"),
            pods: [("10.244.0.99", "eth0")], others: [("10.0.0.1", "eth0")]),
        Detector(
            name: "an interface", detector: .interface("cni0"), pods: [("10.0.0.1", "cni0")],
            others: [("10.0.0.1", "cni01"), ("10.0.0.1", "cni"), ("10.244.0.99", "eth0")]),
        Detector(
            name: "an interface of fifteen letters", detector: .interface("abcdefghijklmno"),
            pods: [("10.0.0.1", "abcdefghijklmno")], others: [("10.0.0.1", "abcdefghijklmn")]),
        Detector(
            name: "an interface prefix", detector: .interfacePrefix("veth"),
            pods: [("10.0.0.1", "veth1"), ("10.0.0.1", "veth")], others: [("10.0.0.1", "vet"), ("10.0.0.1", "eth0")]),
    ]

    @Test(arguments: detectors) func tellsPodsFromOthers(_ row: Detector) throws {
        let port = PolicyFixture(family: .ipv4, policy: .externalLocal)
        var node = port.node
        let fromNothing: NodeTable = {
            var node = node
            node.localDetector = row.detector
            return node
        }()
        // Made so, and changed to it from another detector.
        let made = try PlannedTable(.of([port.servicePort], node: fromNothing), family: .ipv4)
        node.localDetector = .interface("other0")
        let before = ServiceTable.of([port.servicePort], node: node)
        var stepped = try PlannedTable(before, family: .ipv4)
        try stepped.apply(ServiceTable.of([port.servicePort], node: fromNothing).changes(from: before))
        #expect(made.fake.text == stepped.fake.text)

        let tracer = PacketTracer(made.fake, localAddresses: [.text(port.nodeAddress)])
        for (senders, expected) in [(row.pods, "ALL"), (row.others, "LOC")] {
            for (source, interface) in senders {
                let packet = TracedPacket(
                    from: .text(source), to: .text(port.address(.loadBalancer)), 80, on: interface)
                #expect(try tracer.outcomes(packet) == port.outcomes(expected), "\(packet)")
            }
        }
        // The node's own traffic has no interface and stays the node's.
        if row.name != "every address" {
            #expect(try tracer.outcomes(port.packet(.node, .loadBalancer)) == port.outcomes("ALL M"))
        }
    }
}
