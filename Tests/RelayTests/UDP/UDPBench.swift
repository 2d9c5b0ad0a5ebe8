import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes

@testable import Relay

/// A carrier on the calling thread, driven by the test: nothing moves unless the test says so, and time is what it says.
final class UDPBench {
    let directory = TestDirectory()
    let statistics = RelayStatistics()
    let context: RelayWorkerContext
    let carrier: UDPCarrier
    private(set) var sockets: [RelaySocket] = []
    /// Added to the clock.
    private var ahead: Duration = .zero

    init(_ change: (inout RelayConfiguration) -> Void = { _ in }) throws {
        var configuration = RelayConfiguration()
        configuration.workers = 1
        change(&configuration)
        context = try RelayWorkerContext(configuration, directory, statistics, index: 0)
        carrier = UDPCarrier(context)
    }

    deinit { carrier.end() }

    var relay: UDPRelay? { carrier.relay }

    @discardableResult func listen(_ listener: RelayListener) throws -> SocketAddress {
        let socket = try RelaySocket(listener, at: listener.address, context.configuration)
        sockets.append(socket)
        try carrier.add(socket)
        return socket.address
    }

    /// A listener of one frontend, whose address is its own.
    func frontend(
        _ service: RelayService, _ family: IPFamily = .ipv4, at address: SocketAddress? = nil
    ) throws -> SocketAddress {
        let loopback = IPAddress(bits: family == .ipv4 ? 0x7F00_0001 : 1, family: family)
        let address = try listen(RelayListener(.udp, at: address ?? SocketAddress(loopback, port: 0)))
        directory.set(address, service)
        return address
    }

    func removeListeners() {
        for socket in sockets { carrier.remove(socket) }
        sockets = []
    }

    /// Goes through one round of events, as a worker does.
    func round(waiting milliseconds: Int = 0) throws {
        let events = try context.epoll.wait(timeout: .milliseconds(milliseconds))
        context.now = .now + ahead
        for event in events {
            precondition(event.token >> 56 == RelayWorkerContext.Part.udp.rawValue)
            carrier.handle(event, token: event.token & RelayWorkerContext.tokenMask)
        }
        if let time = carrier.deadline, time <= context.now { carrier.deadlinePassed() }
    }

    /// Rounds until it is so.
    func run(until isDone: () throws -> Bool) throws {
        let end = ContinuousClock.now + .seconds(20)
        while try !isDone() {
            guard ContinuousClock.now < end else { throw TestSupportError("it did not come about: \(summary)") }
            try round(waiting: 1)
        }
    }

    private var summary: String {
        let lost = UDPStatistics.Count.allCases.map { "\($0) \(statistics.datagrams[$0])" }
        return "\(carrier.count) sessions, \(statistics.ends), \(statistics.refusals), \(lost)"
    }

    /// Lets so much time go by.
    func pass(_ time: Duration) throws {
        ahead += time
        try round()
    }

    /// What a client gets next, with backends that echo meanwhile.
    func next(at client: TestPeer, echoing backends: [TestPeer] = []) throws -> TestPeer.Received {
        var received: TestPeer.Received?
        try run {
            for backend in backends { try backend.echo() }
            received = try client.receive()
            return received != nil
        }
        guard let received else { throw TestSupportError("nothing came") }
        return received
    }

    /// Binds to an address that was closed. A program that another test starts at this moment has it open until it executes.
    func open(_ address: SocketAddress) throws -> TestPeer {
        var peer: TestPeer?
        try run {
            peer = try? TestPeer(at: address, address.family)
            return peer != nil
        }
        guard let peer else { throw TestSupportError("it stays bound") }
        return peer
    }

    /// The error that a client's connected socket meets.
    ///
    /// - Parameter bytes: sent now and then until it comes: a program that another test starts has what was closed open
    ///   until it executes.
    func error(at client: TestPeer, sending bytes: [UInt8]? = nil) throws -> Errno {
        var found: Errno?
        try run {
            do throws(Errno) {
                if let bytes { try client.send(bytes) }
                try? round(waiting: 5)
                _ = try client.receive()
            } catch { found = error }
            return found != nil
        }
        return found ?? .noEntry
    }
}

/// Runs a test that blocks on a thread of its own, in a namespace with nothing but loopback where it is asked for.
func onThread<T: Sendable>(isolated: Bool = false, _ body: @escaping @Sendable () throws -> T) async throws -> T {
    guard isolated else { return try await DedicatedThread.run(named: "udp-test", body) }
    let network = TestNetwork()
    defer { network.close() }
    return try await network.addNamespace("relay").inside(body)
}

/// A service with a backend at each peer.
func service(_ peers: [TestPeer], options: RelayService.Options = RelayService.Options()) -> (RelayService, [RelayBackend]) {
    let service = RelayService(name: "default/dns:udp")
    let backends = peers.map { RelayBackend($0.address) }
    service.set(backends, options: options)
    return (service, backends)
}

/// Bytes that tell datagrams apart and show a shift.
func pattern(_ count: Int, _ seed: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: ($0 &* 31) ^ ($0 >> 8) ^ (seed &* 97)) }
}
