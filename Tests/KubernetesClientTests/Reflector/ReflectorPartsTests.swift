import KubernetesModel
import KubernetesWire
import RandomTesting
import Testing

@testable import KubernetesClient

@Suite struct ReflectorPartsTests {
    @Test(
        "versions compare as decimal numbers of any length, others by being equal",
        arguments: [
            ("2", "1", true), ("10", "9", true), ("9", "10", false), ("7", "7", false),
            ("340282366920938463463374607431768211457", "340282366920938463463374607431768211456", true),
            ("99999999999999999999", "100000000000000000000", false),
            ("x", "x", false), ("x", "y", true), ("y", "x", true), ("010", "9", true), ("5", "", true),
        ])
    func versions(_ version: String, _ other: String, _ isNewer: Bool) {
        #expect(ResourceVersion.isNewer(version, than: other) == isNewer)
    }

    @Test("past the limit of versions held, everything up to the latest counts as told")
    func recentVersions() {
        var versions = RecentVersions()
        versions.beginList()
        versions.endList(at: "10")
        for number in 0...RecentVersions.limit {
            let isNews = versions.admit(ObjectKey(namespace: "", name: "n\(number)"), at: "\(11 + number)")
            #expect(isNews)
        }
        let latest = 11 + RecentVersions.limit
        #expect(versions.latest == "\(latest)")
        let late = versions.admit(ObjectKey(namespace: "", name: "n0"), at: "11")
        #expect(!late)
        let next = versions.admit(ObjectKey(namespace: "", name: "n0"), at: "\(latest + 1)")
        #expect(next)
    }

    @Test("past the limit of faults remembered, all are new again")
    func toldFaults() {
        var told = ToldFaults()
        func fault(_ number: Int) -> ObjectFault { ObjectFault(reference: nil, message: "fault \(number)") }
        for number in 0..<ToldFaults.limit {
            let isNew = told.insert(fault(number))
            #expect(isNew)
        }
        let isNew = told.insert(fault(0))
        #expect(isNew)
        let again = told.insert(fault(0))
        #expect(!again)
    }

    @Test("waits double up to the greatest, are stretched by up to as much, and start anew after a quiet time")
    func backoff() {
        var random = SplitMix64(seed: 3)
        var backoff = Backoff()
        for expected in [0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30] {
            let wait = backoff.next(now: .zero, random: &random)
            #expect((expected * 0.999...expected * 2).contains(wait / .seconds(1)))
        }
        let wait = backoff.next(now: .seconds(121), random: &random)
        #expect(wait < .milliseconds(1600))
    }

    @Test("a server that comes and goes is asked less and less, though lists that it breaks off are read again soon")
    func comingAndGoing() {
        var random = SplitMix64(seed: 4)
        var waits = ReflectorWaits(ReflectorSettings())
        var unanswered: [Duration] = []
        for _ in 0..<8 {
            unanswered.append(waits.next(after: .unanswered, now: .zero, random: &random))
            let cut = waits.next(after: .cut, now: .zero, random: &random)
            #expect(cut < .milliseconds(400))
        }
        #expect((unanswered.last ?? .zero) >= .seconds(30))
    }

    @Test("lists that break off again and again are read again less often, until there is progress")
    func cutsInARow() {
        var random = SplitMix64(seed: 5)
        var waits = ReflectorWaits(ReflectorSettings())
        for expected in [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30] {
            let wait = waits.next(after: .cut, now: .zero, random: &random)
            #expect((expected * 0.999...expected * 2).contains(wait / .seconds(1)))
        }
        waits.progressed()
        let wait = waits.next(after: .cut, now: .zero, random: &random)
        #expect(wait < .milliseconds(400))
    }
}
