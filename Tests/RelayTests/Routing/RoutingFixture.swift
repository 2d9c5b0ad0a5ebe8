import DataplaneTesting
import LinuxSystem
import LoadBalancing
import NetworkTypes
import RandomTesting
import Relay
import Synchronization

/// A clock that stands still until it is told otherwise.
final class StandingClock: Sendable {
    private let time = Mutex(ContinuousClock.now)
    var now: ContinuousClock.Instant { time.withLock { $0 } }
    func pass(_ duration: Duration) { time.withLock { $0 += duration } }
}

/// A service under test, and requests to it.
struct RoutingFixture {
    let clock = StandingClock()
    let service: RelayService

    init(seed: UInt64 = 1, rest: RelayRest? = nil) {
        service = RelayService(name: "default/web", rest: rest, seed: seed) { [clock] in clock.now }
    }

    static func place(_ number: Int, port: UInt16 = 8080) -> SocketAddress {
        SocketAddress(IPAddress(v4: 0x0a00_0000 + UInt32(number)), port: port)
    }

    static func member(_ number: Int, weight: UInt16 = 1, port: UInt16 = 8080) -> RelayService.Member {
        RelayService.Member(place(number, port: port), weight: weight)
    }

    /// Backends numbered from 0, with these weights.
    static func members(_ weights: [UInt16]) -> [RelayService.Member] {
        weights.enumerated().map { member($0.offset, weight: $0.element) }
    }

    static func request(from client: String = "192.0.2.1", port: UInt16 = 40000, to frontend: String = "10.96.0.10")
        -> RelayRequest
    {
        RelayRequest(
            .tcp, from: SocketAddress(.text(client), port: port), to: SocketAddress(.text(frontend), port: 80))
    }

    /// Of any client.
    static func request(_ random: inout SplitMix64) -> RelayRequest {
        RelayRequest(
            .tcp,
            from: SocketAddress(IPAddress(v4: UInt32.random(in: .min ... .max, using: &random)), port: .random(in: 1024...65535, using: &random)),
            to: SocketAddress(IPAddress(v4: 0x0a60_0000 + UInt32.random(in: 0...255, using: &random)), port: 80))
    }

    @discardableResult
    func update(
        _ cluster: [RelayService.Member], local: [RelayService.Member] = [], affinity: RelayAffinity? = nil,
        lingering: [SocketAddress] = []
    ) -> Int {
        update(.inTurn, cluster, local: local, affinity: affinity, lingering: lingering)
    }

    @discardableResult
    func update(
        _ method: SchedulingMethod, _ cluster: [RelayService.Member], local: [RelayService.Member] = [],
        affinity: RelayAffinity? = nil, lingering: [SocketAddress] = []
    ) -> Int {
        var content = RelayService.Content()
        content.method = method
        content.cluster = cluster
        content.local = local
        content.affinity = affinity
        content.lingering = lingering
        return service.update(content)
    }

    /// The number of the backend chosen, which stays held.
    func choose(
        _ request: RelayRequest = RoutingFixture.request(), _ scope: RelayService.Scope = .cluster,
        after tried: [RelayBackend] = []
    ) -> Int? {
        service.choose(request, scope, after: tried).map(Self.number)
    }

    /// A connection that the backend takes and that ends at once.
    func connect(_ request: RelayRequest = RoutingFixture.request(), _ scope: RelayService.Scope = .cluster) -> Int? {
        guard let backend = service.choose(request, scope, after: []) else { return nil }
        service.succeeded(request, backend, took: .zero, isRetry: false)
        backend.release()
        return Self.number(backend)
    }

    /// An attempt that fails, without another one after it.
    func fail(_ request: RelayRequest = RoutingFixture.request(), _ scope: RelayService.Scope = .cluster) -> Int? {
        guard let backend = service.choose(request, scope, after: []) else { return nil }
        service.failed(request, backend, .refused)
        backend.release()
        return Self.number(backend)
    }

    static func number(_ backend: RelayBackend) -> Int { number(backend.address) }
    static func number(_ place: SocketAddress) -> Int { Int(place.address.bits) - 0x0a00_0000 }

    /// How often each of so many backends is chosen.
    func counts(of backends: Int, in requests: Int, seed: UInt64) -> [Int] {
        var random = SplitMix64(seed: seed)
        var counts = [Int](repeating: 0, count: backends)
        for _ in 0..<requests { if let chosen = connect(Self.request(&random)) { counts[chosen] += 1 } }
        return counts
    }

    func state(of number: Int) -> RelayServiceRecord.Backend.State? {
        service.record.backends.first { $0.address == Self.place(number) }?.state
    }
}

extension SchedulingMethod {
    static let every: [SchedulingMethod] =
        [.random, .inTurn, .weightedInTurn, .sourceHash, .destinationHash, .maglev, .twoChoices]
        + LeastLoaded.allCases.map(SchedulingMethod.leastLoaded)
}
