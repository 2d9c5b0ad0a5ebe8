import KubernetesModel
import ServiceTable
import Testing

@Suite struct SchedulerNameTests {
    @Test("the annotation takes the name of every scheduler")
    func names() {
        #expect(Set(Service.schedulerNames) == Set(Scheduler.allCases.map(\.rawValue)))
    }
}
