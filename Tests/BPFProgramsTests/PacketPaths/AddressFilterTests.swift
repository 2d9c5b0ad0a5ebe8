import BPF
import CBPFMaps
import LoadBalancing
import NetworkTypes
import Testing

/// What is looked for only where the filter, or the ranges in the settings, let it.
struct AddressFilterTests {
    static let families: [IPFamily] = [.ipv4, .ipv6]

    /// Frontends of a filtered stage, whose ranges are none.
    private func stage(_ service: StagedService) throws -> PacketStage {
        let stage = try PacketStage()
        try stage.add(service)
        var settings = PacketStage.plainSettings
        settings.is_filtered = 1
        settings.range_ipv4.words.0 = 1
        settings.range_ipv6.words.0 = 1
        try stage.settings.update(0, settings)
        return stage
    }

    @Test("A frontend is found once its address has a bit, and not before", arguments: families)
    func bit(_ family: IPFamily) throws {
        let service = StagedService.sample(family, Transport.tcp)
        let stage = try stage(service)
        let frame = PacketRecipe(Flow(StagedClient.outside(family), to: service.frontend, Transport.tcp)).frame()
        let before = try stage.run(.ingress, frame)
        #expect(before.packet == frame)
        #expect(before.returnValue == TrafficAction.unspecified)
        let bit = SlotHash.hash(service.frontend.address) % UInt32(FW_FILTER_BITS)
        try stage.addressFilter.update(bit / 64, 1 << UInt64(bit % 64))
        let middle = try stage.send(StagedClient.outside(family), service)
        #expect(middle.destination == service.backends[0].endpoint)
    }

    @Test("An established connection goes on whatever the filter says", arguments: families)
    func established(_ family: IPFamily) throws {
        let service = StagedService.sample(family, Transport.tcp)
        let stage = try stage(service)
        let bit = SlotHash.hash(service.frontend.address) % UInt32(FW_FILTER_BITS)
        try stage.addressFilter.update(bit / 64, 1 << UInt64(bit % 64))
        let first = try stage.send(StagedClient.outside(family), service)
        try stage.addressFilter.update(bit / 64, 0)
        var recipe = PacketRecipe(Flow(StagedClient.outside(family), to: service.frontend, Transport.tcp))
        recipe.tcpFlags = 0x10
        let result = try stage.run(.ingress, recipe.frame())
        let later = try #require(PacketReading(frame: result.packet))
        #expect(later.flow.destination == first.destination)
    }

    @Test("An address inside the ranges of the settings is looked for without a bit", arguments: families)
    func ranges(_ family: IPFamily) throws {
        let service = StagedService.sample(family, Transport.tcp)
        let stage = try stage(service)
        let range = IPPrefix.literal(family == .ipv4 ? "10.96.0.0/12" : "fd00:96::/64")
        try stage.serviceRanges.update(fw_prefix(range), 1)
        let unallocated = Endpoint(family == .ipv4 ? "10.97.1.1" : "fd00:96::77", 80)
        let frame = PacketRecipe(Flow(StagedClient.outside(family), to: unallocated, Transport.tcp)).frame()
        let unknown = try stage.run(.ingress, frame)
        #expect(unknown.returnValue == TrafficAction.unspecified)
        var settings = PacketStage.plainSettings
        settings.is_filtered = 1
        // Without a mask every address is inside.
        try stage.settings.update(0, settings)
        let inside = try stage.run(.ingress, frame)
        #expect(inside.returnValue == TrafficAction.shot)
    }
}
