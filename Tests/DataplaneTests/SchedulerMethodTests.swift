import Dataplane
import LoadBalancing
import ServiceTable
import Testing

@Suite struct SchedulerMethodTests {
    @Test("schedulers that count connections compare them, and the others draw slots", arguments: Scheduler.allCases)
    func counting(_ scheduler: Scheduler) {
        #expect((scheduler.method.picker == nil) == scheduler.countsConnections)
    }

    @Test("each scheduler has a method of its own, and those that compare have the same names")
    func names() {
        #expect(Set(Scheduler.allCases.map(\.method)).count == Scheduler.allCases.count)
        for rule in LeastLoaded.allCases {
            #expect(Scheduler(rawValue: rule.rawValue)?.method == .leastLoaded(rule))
        }
    }
}
