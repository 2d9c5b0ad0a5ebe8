import LoadBalancing
import NetworkTypes
import RandomTesting
import Testing

@Suite struct SchedulingMethodTests {
    private static let entries = [3, 0, 1].enumerated().map { index, weight in
        MaglevTable.Entry(address: IPAddress(v4: 0x0a00_0001 + UInt32(index)), port: 80, weight: weight)
    }

    @Test("what slots stand for: backends by weight, a Maglev table, or each backend once", arguments: [
        (SchedulingMethod.random, [0, 2, 0, 0]), (.weightedInTurn, [0, 2, 0, 0]), (.sourceHash, [0, 2, 0, 0]),
        (.destinationHash, [0, 2, 0, 0]), (.inTurn, [0, 2]), (.twoChoices, [0, 2]),
        (.leastLoaded(.neverQueue), [0, 2]), (.maglev, MaglevTable(entries).slots),
    ])
    func slots(_ method: SchedulingMethod, _ expected: [Int]) {
        let slots = method.slots(of: Self.entries)
        #expect(slots == expected)
        #expect(method.slots(of: []).isEmpty)
    }

    @Test("a slot is drawn, or backends are compared", arguments: [
        (SchedulingMethod.random, SlotPicker.random), (.inTurn, .inTurn()), (.weightedInTurn, .inTurn()),
        (.sourceHash, .sourceHash), (.destinationHash, .destinationHash), (.maglev, .maglev), (.twoChoices, nil),
        (.leastLoaded(.leastConnections), nil),
    ] as [(SchedulingMethod, SlotPicker?)])
    func picker(_ method: SchedulingMethod, _ expected: SlotPicker?) {
        #expect(method.picker == expected)
    }

    @Test("another attempt by the same hash draws another slot", arguments: [SlotPicker.sourceHash, .destinationHash, .maglev])
    func attempts(_ picker: SlotPicker) {
        var picker = picker
        var random = SplitMix64(seed: 1)
        var same = 0
        for number in 0..<200 {
            let request = SlotPickerTests.request(number)
            let drawn = (0..<4).map { picker.pick(of: 1_009, for: request, attempt: $0, using: &random) }
            if Set(drawn).count < 4 { same += 1 }
        }
        #expect(same < 10)
    }
}
