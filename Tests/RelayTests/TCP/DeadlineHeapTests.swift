import RandomTesting
import Testing

@testable import Relay

@Suite struct DeadlineHeapTests {
    @Test("moments come out in their order, however they went in") func order() {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed \(seed)")
        var generator = SplitMix64(seed: seed)
        let start = ContinuousClock.now
        var heap = DeadlineHeap()
        var expected: [UInt64] = []
        for _ in 0..<2000 {
            if Int.random(in: 0..<3, using: &generator) > 0 {
                let key = UInt64.random(in: 0..<500, using: &generator)
                heap.insert(DeadlineHeap.Entry(time: start + .milliseconds(key), key: key))
                expected.append(key)
            } else if let first = heap.first {
                heap.removeFirst()
                expected.sort()
                #expect(expected.removeFirst() == first.key)
            }
        }
        #expect(heap.count == expected.count)
        expected.sort()
        for key in expected {
            #expect(heap.first?.key == key)
            heap.removeFirst()
        }
        #expect(heap.first == nil)
    }

    @Test("a token is what it was made of, and finds nobody else") func tokens() {
        for (index, generation) in [(0, 0), (1, 7), (TCPToken.indexLimit - 1, TCPToken.generationMask)] {
            let token = TCPToken(.backend, index: index, generation: generation)
            #expect(token.index == index)
            #expect(token.generation == generation)
            #expect(token.side == .backend)
            #expect(token.of(.client) == TCPToken(.client, index: index, generation: generation))
            #expect(token.rawValue <= RelayWorkerContext.tokenMask)
        }
    }

    @Test("times to connect are counted in buckets that hold those before them") func connectTimes() {
        let times = ConnectTimes()
        for time: Duration in [.microseconds(500), .microseconds(501), .milliseconds(3), .seconds(4), .seconds(5)] {
            times.count(time)
        }
        let snapshot = times.snapshot
        #expect(snapshot.count == 5)
        #expect(snapshot.buckets == [1, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4])
        #expect(snapshot.sum == .seconds(9) + .microseconds(4001))
    }
}
