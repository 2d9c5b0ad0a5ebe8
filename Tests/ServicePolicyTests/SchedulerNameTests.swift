import KubernetesModel
import ServiceTable
import Testing

@Suite struct SchedulerNameTests {
    @Test("the annotation takes the name of every scheduler")
    func names() {
        #expect(Set(Service.schedulerNames) == Set(Scheduler.allCases.map(\.rawValue)))
    }

    @Test("the annotation takes every version of the PROXY header")
    func proxyProtocol() {
        #expect(Service.proxyProtocolVersions == RelayPreferences.ProxyProtocol.allCases.map(\.rawValue))
    }
}
