import BPF
import CBPFMaps
import NetworkTypes
import Testing

/// Who is let in, and what becomes of the others.
struct PacketVerdictTests {
    static let families: [IPFamily] = [.ipv4, .ipv6]

    @Test("The verdict is that of where the client is", arguments: families)
    func origins(_ family: IPFamily) throws {
        let stage = try PacketStage()
        var service = StagedService.sample(family, Transport.tcp)
        service.verdicts = [StagedService.balanced, StagedService.balanced, StagedService.masqueraded]
        try stage.add(service)
        try stage.detectPods(family)
        let pod = try stage.converse(StagedClient.pod(family), service)
        #expect(pod.beyond.source.address == pod.asked.source.address)
        let outside = try stage.converse(StagedClient.outside(family), service)
        #expect(outside.beyond.source.address != outside.asked.source.address)
    }

    @Test("What arrives on a pod's interface is a pod's, when interfaces tell", arguments: families)
    func podInterface(_ family: IPFamily) throws {
        let stage = try PacketStage()
        var service = StagedService.sample(family, Transport.tcp)
        service.verdicts = [StagedService.balanced, UInt8(FW_DROP.rawValue), UInt8(FW_DROP.rawValue)]
        try stage.add(service)
        let before = try stage.refuse(StagedClient.outside(family), service)
        #expect(before == TrafficAction.shot)
        var settings = PacketStage.plainSettings
        settings.detect = UInt32(FW_DETECT_INTERFACES)
        try stage.settings.update(0, settings)
        var interface = fw_interface()
        interface.flags = UInt32(FW_INTERFACE_POD)
        try stage.interfaces.update(1, interface) // a test run's packets come from the loopback
        let middle = try stage.send(StagedClient.outside(family), service)
        #expect(middle.destination == service.backends[0].endpoint)
    }

    @Test("A frontend that drops does so, counted, and one that rejects answers", arguments: families)
    func refusals(_ family: IPFamily) throws {
        for (verdict, action, reason) in [
            (FW_DROP, TrafficAction.shot, FW_DROP_POLICY), (FW_REJECT, TrafficAction.redirect, FW_DROP_REJECTED),
        ] {
            let stage = try PacketStage()
            var service = StagedService.sample(family, Transport.tcp)
            service.verdicts = Array(repeating: UInt8(verdict.rawValue), count: 3)
            try stage.add(service)
            let found = try stage.refuse(StagedClient.outside(family), service)
            #expect(found == action)
            let (drops, entries) = (try stage.dropCounts(), try stage.connections.count())
            #expect(drops == [reason.rawValue: 1])
            #expect(entries == 0)
        }
    }

    @Test("A frontend that passes leaves the packet as it is", arguments: families)
    func passes(_ family: IPFamily) throws {
        let stage = try PacketStage()
        var service = StagedService.sample(family, Transport.udp)
        service.verdicts = Array(repeating: UInt8(FW_PASS.rawValue), count: 3)
        try stage.add(service)
        let frame = PacketRecipe(Flow(StagedClient.outside(family), to: service.frontend, Transport.udp)).frame()
        let result = try stage.run(.ingress, frame)
        #expect(result.packet == frame)
        #expect(result.returnValue == TrafficAction.unspecified)
    }

    @Test("Only allowed sources come through, whatever the verdict", arguments: families)
    func sourceRanges(_ family: IPFamily) throws {
        let stage = try PacketStage()
        var service = StagedService.sample(family, Transport.tcp)
        service.allowed = [.literal(family == .ipv4 ? "198.51.100.0/25" : "2001:db8:c::/64")]
        try stage.add(service)
        let inside = try stage.send(StagedClient.outside(family), service)
        #expect(inside.destination == service.backends[0].endpoint)
        let outside = try stage.refuse(StagedClient.pod(family), service)
        #expect(outside == TrafficAction.shot)
        let drops = try stage.dropCounts()
        #expect(drops == [FW_DROP_SOURCE.rawValue: 1])
    }

    @Test("Another port or protocol of a ClusterIP is refused, an address that no Service has dropped", arguments: families)
    func clusterIPs(_ family: IPFamily) throws {
        let stage = try PacketStage()
        let service = StagedService.sample(family, Transport.tcp)
        try stage.add(service)
        try stage.serviceRanges.update(fw_prefix(.literal(family == .ipv4 ? "10.96.0.0/12" : "fd00:96::/64")), 1)
        let client = StagedClient.outside(family)
        let address = service.frontend.address
        let unallocated = Endpoint(family == .ipv4 ? "10.97.1.1" : "fd00:96::77", 80)
        let elsewhere = Endpoint(family == .ipv4 ? "203.0.113.5" : "2001:db8:5::5", 80)
        let cases: [(Flow, UInt32)] = [
            (Flow(client, to: Endpoint(address, 81), Transport.tcp), TrafficAction.redirect),
            (Flow(client, to: service.frontend, Transport.udp), TrafficAction.redirect),
            (Flow(client, to: unallocated, Transport.tcp), TrafficAction.shot),
            (Flow(client, to: elsewhere, Transport.tcp), TrafficAction.unspecified),
        ]
        for (flow, action) in cases {
            let result = try stage.run(.ingress, PacketRecipe(flow).frame())
            #expect(result.returnValue == action, "\(flow)")
        }
        let drops = try stage.dropCounts()
        #expect(drops == [FW_DROP_REJECTED.rawValue: 2, FW_DROP_UNALLOCATED.rawValue: 1])
    }

    @Test("A Service whose set leads nowhere drops, counted", arguments: families)
    func noBackend(_ family: IPFamily) throws {
        let stage = try PacketStage()
        let service = StagedService.sample(family, Transport.tcp)
        try stage.add(service)
        try stage.set(service, slots: [])
        let action = try stage.refuse(StagedClient.outside(family), service)
        #expect(action == TrafficAction.shot)
        let drops = try stage.dropCounts()
        #expect(drops == [FW_DROP_NO_BACKEND.rawValue: 1])
    }

    @Test("Only packets of the node's own processes begin a connection at egress", arguments: families)
    func forwardedAtEgress(_ family: IPFamily) throws {
        let stage = try PacketStage()
        let service = StagedService.sample(family, Transport.tcp)
        try stage.add(service)
        let frame = PacketRecipe(Flow(StagedClient.outside(family), to: service.frontend, Transport.tcp)).frame()
        let result = try stage.run(.egress, frame)
        #expect(result.packet == frame)
        let entries = try stage.connections.count()
        #expect(entries == 0)
    }
}
