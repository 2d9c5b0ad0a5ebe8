import RandomTesting
import Testing

@testable import Relay

@Suite struct RecencyLinksTests {
    @Test("any order of changes leaves the lists as arrays would be", arguments: [1, 2, 3] as [UInt64])
    func model(_ seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var links = RecencyLinks()
        var lists = [RecencyLinks.List(), RecencyLinks.List()]
        var models: [[Int]] = [[], []]
        for _ in 0..<2000 {
            let member = Int.random(in: 0..<20, using: &random)
            if let list = models.firstIndex(where: { $0.contains(member) }) {
                models[list].removeAll { $0 == member }
                if Bool.random(using: &random) {
                    links.touch(member, in: &lists[list])
                    models[list].append(member)
                } else {
                    links.remove(member, from: &lists[list])
                }
            } else {
                let list = Int.random(in: 0..<2, using: &random)
                links.append(member, to: &lists[list])
                models[list].append(member)
            }
            for (list, model) in zip(lists, models) {
                #expect(list.count == model.count && list.oldest == model.first && list.newest == model.last, "seed \(seed)")
            }
        }
        for index in 0..<2 {
            var order: [Int] = []
            while let oldest = lists[index].oldest {
                order.append(oldest)
                links.remove(oldest, from: &lists[index])
            }
            #expect(order == models[index], "seed \(seed)")
        }
    }
}
