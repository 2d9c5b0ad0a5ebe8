import BPF
import CBPFMaps
import NetworkNamespaceTesting
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

    /// fw_hash of hashing.h, for a table's owner to foresee it.
    private func slot(_ client: String, _ port: UInt16, of count: Int) -> Int {
        func mix(_ hash: UInt64, _ word: UInt64) -> UInt64 {
            let product = (hash ^ word) &* 0x9e37_79b9_7f4a_7c15
            return product ^ product >> 32
        }
        let words = fw_address(client).words
        var hash = mix(0, UInt64(words.0) << 32 | UInt64(words.1))
        hash = mix(hash, UInt64(words.2) << 32 | UInt64(words.3))
        hash = mix(mix(hash, UInt64(port.bigEndian)), 0)
        return Int(UInt32(truncatingIfNeeded: hash >> 16)) % count
    }

    @Test("A Maglev table is looked up by the client's address and port")
    func maglev() throws {
        let probe = try ChoiceProbe()
        let table = (0..<503).map { UInt32($0 * $0 % 5 + 1) }
        try probe.maps.write(TestService(backends: backends(5), scheduler: FW_MAGLEV, slots: table))
        for port in 1...500 as ClosedRange<UInt16> {
            for client in ["10.0.0.\(port % 256)", "fd00::\(port)"] {
                let chosen = try probe.choice(from: client, port: port)
                #expect(chosen == table[slot(client, port, of: table.count)])
            }
        }
    }

    @Test("A client keeps its Maglev slot when other slots change")
    func maglevDisruption() throws {
        let probe = try ChoiceProbe()
        var table = (0..<503).map { UInt32($0 % 5 + 1) }
        try probe.maps.write(TestService(backends: backends(5), scheduler: FW_MAGLEV, slots: table))
        let before = try (1...1_000).map { try probe.choice(port: $0) }
        for (index, backend) in table.enumerated() where backend == 5 { table[index] = UInt32(index % 4 + 1) }
        try probe.maps.write(TestService(backends: backends(4), scheduler: FW_MAGLEV, slots: table))
        let after = try (1...1_000).map { try probe.choice(port: $0) }
        let moved = zip(before, after).filter { $0 != $1 }
        #expect(moved.allSatisfy { $0.0 == 5 })
        #expect(moved.count == before.filter { $0 == 5 }.count)
    }
}
