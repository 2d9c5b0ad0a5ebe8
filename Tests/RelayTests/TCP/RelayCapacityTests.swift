import Synchronization
import Testing

@testable import Relay

@Suite struct RelayCapacityTests {
    @Test("who waits for room is woken once nine tenths are left, and once") func room() {
        let capacity = RelayCapacity(limit: 10)
        let woken = Counter()
        for _ in 0..<10 { capacity.take() }
        #expect(!capacity.hasRoom)
        capacity.whenThere(.room, worker: 0) { woken.add() }
        // In place of the first, not beside it.
        capacity.whenThere(.room, worker: 0) { woken.add() }
        capacity.whenThere(.room, worker: 1) { woken.add() }
        #expect(woken.count == 0)
        capacity.giveBack()
        #expect(woken.count == 2)
        capacity.giveBack()
        #expect(woken.count == 2)
        capacity.whenThere(.room, worker: 0) { woken.add() }
        #expect(woken.count == 3)
    }

    @Test("who waits for descriptors is woken by the next that ends") func resources() {
        let capacity = RelayCapacity(limit: 10)
        let woken = Counter()
        for _ in 0..<10 { capacity.take() }
        capacity.whenThere(.resources, worker: 0) { woken.add() }
        #expect(woken.count == 0)
        capacity.giveBack()
        #expect(woken.count == 1)
        capacity.giveBack()
        #expect(woken.count == 1)
    }

    private final class Counter: Sendable {
        private let value = Atomic<Int>(0)

        var count: Int { value.load(ordering: .relaxed) }

        func add() { value.add(1, ordering: .relaxed) }
    }
}
