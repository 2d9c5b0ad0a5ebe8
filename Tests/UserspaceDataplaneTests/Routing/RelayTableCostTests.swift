import DataplaneTesting
import NetworkTypes
import ServiceTable
import Testing
import UserspaceDataplane

/// What a change costs is counted: the same at any number of Services.
@Suite struct RelayTableCostTests {
    private static func service(_ number: Int, endpoints: [Int], frontends: Int = 1) -> ServicePort {
        .named(
            "s\(number)",
            cluster: endpoints.map { Backend(address: IPAddress(v4: 0x0a80_0000 + UInt32(number * 16 + $0)), port: 8080) },
            frontends: (0..<frontends).map {
                .clusterIP(IPAddress(v4: 0x0a60_0000 + UInt32($0 << 16 + number)).description, 80, RelayTableTests.everywhere)
            })
    }

    @Test("one change among 10 or 5 000 Services concerns one service and its frontends", arguments: [10, 5_000])
    func oneChange(_ count: Int) {
        let table = ServiceTable.of((0..<count).map { Self.service($0, endpoints: [1, 2, 3]) })
        let relay = RelayTable()
        let first = relay.synchronize(table, family: .ipv4)
        #expect(first == RelayTableReport(services: count, frontendsWritten: count))
        #expect(relay.synchronize(table, family: .ipv4) == RelayTableReport())
        let steps: [(name: String, port: ServicePort, expected: RelayTableReport)] = [
            ("an endpoint replaced", Self.service(7, endpoints: [1, 2, 9]), RelayTableReport(services: 1)),
            ("nothing", Self.service(7, endpoints: [1, 2, 9]), RelayTableReport()),
            ("a frontend more", Self.service(7, endpoints: [1, 2, 9], frontends: 2), RelayTableReport(services: 1, frontendsWritten: 2)),
            ("a frontend less", Self.service(7, endpoints: [1, 2, 9]), RelayTableReport(services: 1, frontendsWritten: 1, frontendsRemoved: 1)),
            ("a Service more", Self.service(count, endpoints: [1]), RelayTableReport(services: 1, frontendsWritten: 1)),
        ]
        var old = table
        for step in steps {
            var new = old
            new[step.port.key] = step.port
            let report = relay.apply(ServiceTableChange(old: old, new: new, changed: [step.port.key]), family: .ipv4)
            #expect(report == step.expected, "\(step.name)")
            old = new
        }
        var new = old
        let key = Self.service(7, endpoints: []).key
        new[key] = nil
        let report = relay.apply(ServiceTableChange(old: old, new: new, changed: [key]), family: .ipv4)
        #expect(report == RelayTableReport(services: 1, frontendsRemoved: 1))
        let again = relay.apply(ServiceTableChange(old: old, new: new, changed: [key]), family: .ipv4)
        #expect(again == RelayTableReport())
    }
}
