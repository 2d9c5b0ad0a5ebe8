import KubernetesModel
import NetworkTypes
import Testing

@testable import ManifestSource

@Suite("Lists of ports that are shared")
struct PortListTests {
    @Test("every list stays what it is, before and beyond the limit")
    func equal() {
        var lists = PortLists()
        for round in 1...2 {
            for number in 1...(PortLists.limit + 5) {
                let ports = [EndpointPort(name: "p\(number)", port: PortNumber(number))]
                #expect(lists.shared(ports) == ports, "round \(round)")
                let named = [ServicePortSpec(name: "p\(number)", port: PortNumber(number) ?? 1)]
                #expect(lists.shared(named) == named, "round \(round)")
            }
        }
    }

    @Test("equal lists share one array")
    func shared() {
        var lists = PortLists()
        func identity(_ ports: [EndpointPort]) -> Int {
            // SAFETY: the address is compared and never read from.
            unsafe ports.withUnsafeBufferPointer { Int(bitPattern: $0.baseAddress) }
        }
        let first = lists.shared([EndpointPort(name: "http", port: 80)])
        let second = lists.shared([EndpointPort(name: "http", port: 80)])
        let other = lists.shared([EndpointPort(name: "http", port: 81)])
        #expect(identity(first) == identity(second))
        #expect(identity(first) != identity(other))
    }
}
