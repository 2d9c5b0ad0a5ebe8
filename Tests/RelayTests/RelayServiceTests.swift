import LinuxSystem
import NetworkTypes
import Testing

@testable import Relay

@Suite struct RelayServiceTests {
    private static let request = RelayRequest(
        .tcp, from: SocketAddress("192.0.2.1:40000")!, to: SocketAddress("10.96.0.10:80")!)

    @Test("a backend that was tried is not chosen again") func triedIsNotChosen() throws {
        let service = RelayService(name: "default/web")
        let backends = ["10.0.0.1:80", "10.0.0.2:80"].compactMap(SocketAddress.init).map(RelayBackend.init)
        service.update(RelayService.Options(), cluster: backends, local: [])
        let first = try #require(service.choose(Self.request, .cluster, after: []))
        let second = try #require(service.choose(Self.request, .cluster, after: [first]))
        #expect(first !== second)
        #expect(service.choose(Self.request, .cluster, after: [first, second]) == nil)
        #expect(service.choose(Self.request, .local, after: []) == nil)
        #expect(backends.map(\.active) == [1, 1])
    }
}
