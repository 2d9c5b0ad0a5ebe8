import BPF
import CBPFMaps
import NetworkNamespaceTesting
import Testing

/// random, twos and the hashes: how connections spread. Bounds are five standard deviations of a fair draw: a fair one
/// fails once in a million.
@Suite(.enabled(if: Requirement.root, "needs root"))
struct RandomSchedulerTests {
    private static let connections = 10_000

    private func service(_ scheduler: fw_scheduler, _ backends: Int, slots: [UInt32]? = nil) -> TestService {
        TestService(backends: (1...backends).map { TestBackend(id: UInt32($0)) }, scheduler: scheduler, slots: slots)
    }

    private func expectFair(_ chosen: [UInt32: Int], shares: [UInt32: Double]) {
        let total = Double(chosen.values.reduce(0, +))
        #expect(Set(chosen.keys) == Set(shares.keys))
        for (backend, share) in shares {
            let bound = 5 * (total * share * (1 - share)).squareRoot()
            let difference = Double(chosen[backend] ?? 0) - total * share
            #expect(difference.magnitude <= bound, "backend \(backend): \(chosen)")
        }
    }

    @Test("Connections spread evenly", arguments: [FW_RANDOM.rawValue, FW_SOURCE_HASH.rawValue, FW_MAGLEV.rawValue])
    func even(_ scheduler: UInt32) throws {
        let probe = try ChoiceProbe()
        try probe.maps.write(service(fw_scheduler(scheduler), 10))
        let chosen = try probe.distribution(Self.connections)
        expectFair(chosen, shares: Dictionary(uniqueKeysWithValues: (1...10).map { (UInt32($0), 0.1) }))
    }

    @Test("A backend with three slots of four takes three connections of four")
    func weighted() throws {
        let probe = try ChoiceProbe()
        try probe.maps.write(service(FW_RANDOM, 2, slots: [1, 1, 2, 1]))
        expectFair(try probe.distribution(Self.connections), shares: [1: 0.75, 2: 0.25])
    }

    @Test("Two choices keep ten backends within a few connections of each other")
    func twoChoices() throws {
        let probe = try ChoiceProbe()
        try probe.maps.write(service(FW_TWO_CHOICES, 10))
        let chosen = try probe.distribution(Self.connections, isCounted: true)
        let (least, most) = (chosen.values.min() ?? 0, chosen.values.max() ?? 0)
        // Theory says log log 10 above the mean; one choice would be some 150 apart.
        #expect(chosen.count == 10 && most - least <= 12, "\(chosen)")
    }

    @Test("Two choices follow the weights, connections for weight")
    func twoChoicesWeighted() throws {
        let probe = try ChoiceProbe()
        var service = service(FW_TWO_CHOICES, 4)
        for index in service.backends.indices { service.backends[index].weight = UInt16(index + 1) }
        try probe.maps.write(service)
        let chosen = try probe.distribution(Self.connections, isCounted: true)
        for backend in 1...4 {
            let expected = Self.connections * backend / 10
            #expect(((chosen[UInt32(backend)] ?? 0) - expected).magnitude <= 40, "\(chosen)")
        }
    }

    @Test("Of two backends, two choices always take the idler one")
    func twoOfTwo() throws {
        let probe = try ChoiceProbe()
        try probe.maps.write(service(FW_TWO_CHOICES, 2))
        try probe.maps.setLoad(1, 10)
        #expect(try probe.distribution(200) == [2: 200])
    }

    @Test("A source keeps its backend whatever its port, and sources differ")
    func sourceHash() throws {
        let probe = try ChoiceProbe()
        try probe.maps.write(service(FW_SOURCE_HASH, 10))
        for client in ["10.1.2.3", "192.0.2.7", "fd00::7"] {
            let chosen = try Set((1...100).map { try probe.choice(from: client, port: $0) })
            #expect(chosen.count == 1)
        }
    }

    @Test("A destination keeps its backend whoever asks, and destinations differ")
    func destinationHash() throws {
        let probe = try ChoiceProbe()
        try probe.maps.write(service(FW_DESTINATION_HASH, 10))
        let one = try Set((1...100).map { try probe.choice(from: "10.0.0.\($0)", to: "10.96.0.1") })
        #expect(one.count == 1)
        let chosen = try (0..<200).map { try probe.choice(to: "10.96.1.\($0)") }
        #expect(Set(chosen).count == 10)
    }
}
