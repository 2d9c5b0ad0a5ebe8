import BPF
import CBPFMaps
import LoadBalancing
import NetworkNamespaceTesting
import NetworkTypes
import Testing

/// rr, wrr and mh: the slots are the planner's, the kernel takes exactly the one it should.
@Suite(.enabled(if: Requirement.root, "needs root"))
struct SlotSchedulerTests {
    private func backends(_ count: Int) -> [TestBackend] { (1...count).map { TestBackend(id: UInt32($0)) } }

    @Test("Slots are taken in turn, over and over, whoever asks", arguments: [[1, 2, 3], [1, 1, 2, 1, 3, 2, 1]])
    func inTurn(_ slots: [UInt32]) throws {
        let probe = try ChoiceProbe()
        try probe.maps.write(TestService(backends: backends(3), slots: slots))
        let chosen = try (0..<(5 * slots.count)).map { try probe.choice(from: "10.0.0.\($0)") }
        #expect(chosen == (0..<5).flatMap { _ in slots })
    }

    @Test("Each service port and scope has a turn of its own")
    func turnsApart() throws {
        let probe = try ChoiceProbe()
        try probe.maps.write(TestService(id: 1, backends: backends(3)))
        try probe.maps.write(TestService(id: 2, backends: [TestBackend(id: 4), TestBackend(id: 5)]))
        let first = try [probe.choice(of: 1), probe.choice(of: 2), probe.choice(of: 1, scope: FW_LOCAL)]
        #expect(first == [1, 4, 1])
        let second = try [probe.choice(of: 1), probe.choice(of: 2), probe.choice(of: 1, scope: FW_LOCAL)]
        #expect(second == [2, 5, 2])
    }

    @Test("Turns are exact when many ask at once")
    func turnsAtOnce() async throws {
        let probe = try ChoiceProbe()
        try probe.maps.write(TestService(backends: backends(4)))
        var total: [UInt32: Int] = [:]
        try await withThrowingTaskGroup(of: [UInt32: Int].self) { group in
            for _ in 0..<4 { group.addTask { try probe.distribution(2_500) } }
            for try await chosen in group { total.merge(chosen, uniquingKeysWith: +) }
        }
        #expect(total == [1: 2_500, 2: 2_500, 3: 2_500, 4: 2_500])
    }

    @Test("A Maglev table is looked up by the client's address and port, as the model does")
    func maglev() throws {
        let probe = try ChoiceProbe()
        let table = (0..<503).map { UInt32($0 * $0 % 5 + 1) }
        try probe.maps.write(TestService(backends: backends(5), scheduler: FW_MAGLEV, slots: table))
        for port in 1...500 as ClosedRange<UInt16> {
            for client in ["10.0.0.\(port % 256)", "fd00::\(port)"] {
                let address = try #require(IPAddress(client))
                let chosen = try probe.choice(from: client, port: port)
                let slot = SlotHash.slot(of: table.count, by: address, port: PortNumber(port))
                #expect(chosen == table[slot])
            }
        }
    }

    private func table(of backends: [TestBackend]) throws -> [UInt32] {
        let entries = try backends.map { backend in
            MaglevTable.Entry(
                address: try #require(IPAddress(backend.address)), port: try #require(PortNumber(backend.port)),
                weight: backend.weight)
        }
        return MaglevTable(entries).slots.map { backends[$0].id }
    }

    @Test("When one of ten leaves, mh moves its clients and no more of the others than their slots say", arguments: [1, 5, 10])
    func maglevDisruption(_ leaving: UInt32) throws {
        let clients = 5_000
        let backends = (1...10).map { TestBackend(id: $0, address: "10.0.1.\($0)") }
        let (whole, rest) = try (table(of: backends), table(of: backends.filter { $0.id != leaving }))
        let probe = try ChoiceProbe()
        func choices(_ table: [UInt32]) throws -> [UInt32] {
            try probe.maps.write(TestService(backends: backends, scheduler: FW_MAGLEV, slots: table))
            return try (0..<clients).map { try probe.choice(from: "10.0.\($0 >> 8).\($0 & 255)", port: 1) }
        }
        let (before, after) = try (choices(whole), choices(rest))
        #expect(before.contains(leaving) && !after.contains(leaving))
        // The table's disruption has its bound in the tests of LoadBalancing; clients are a sample of its slots.
        let share = moved(whole, rest, but: leaving)
        let bound = 5 * (share * (1 - share) / Double(clients)).squareRoot()
        #expect(share < 0.15)
        #expect((moved(before, after, but: leaving) - share).magnitude <= bound)
    }

    /// Which part of them is another one's afterwards, without those of the one that left.
    private func moved(_ before: [UInt32], _ after: [UInt32], but leaving: UInt32) -> Double {
        let others = zip(before, after).filter { $0.0 != leaving }
        return Double(others.count { $0.0 != $0.1 }) / Double(others.count)
    }
}
