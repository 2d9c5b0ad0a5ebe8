import LinuxSystem
import NetworkTypes
import Synchronization

@testable import Relay

/// A relay with one listener and one service; it ends with the test.
final class TestRelay: Sendable {
    let engine: RelayEngine
    let directory: OneServiceDirectory
    let address: SocketAddress
    let backends: [RelayBackend]

    var service: RelayService { directory.service }

    init(
        to backends: [SocketAddress], at text: String = "127.0.0.1:0",
        options: RelayService.Options = RelayService.Options(), destination: RelayListener.Destination = .own,
        _ configure: (inout RelayConfiguration) -> Void = { _ in }
    ) throws {
        guard let wanted = SocketAddress(text) else { throw TestFailure("no address: \(text)") }
        self.backends = backends.map { RelayBackend($0) }
        directory = OneServiceDirectory()
        directory.service.update(options, cluster: self.backends, local: [])
        var configuration = RelayConfiguration()
        configuration.workers = 1
        configure(&configuration)
        engine = try RelayEngine(configuration, directory: directory)
        let listener = RelayListener(.tcp, at: wanted, destination: destination)
        if let error = engine.listen([listener])[listener] { throw error }
        guard let address = engine.address(of: listener) else { throw TestFailure("not served") }
        self.address = address
    }

    deinit { engine.finish(within: .zero) }

    /// Waits until `isDone`, which nothing tells of.
    func settle(_ what: String, _ isDone: () -> Bool) throws {
        let end = ContinuousClock.now + .seconds(20)
        while !isDone() {
            guard ContinuousClock.now < end else { throw TestFailure("never: \(what)") }
            // Answered in the order of the workers' rounds, so this does not spin through.
            _ = engine.connections()
        }
    }
}

final class OneServiceDirectory: RelayDirectory {
    let service = RelayService(name: "test/web")
    private let state = Mutex<(refusal: RelayRefusal?, requests: [RelayRequest])>((nil, []))

    var requests: [RelayRequest] { state.withLock { $0.requests } }

    func refuse(_ reason: RelayRefusal?) { state.withLock { $0.refusal = reason } }

    func answer(_ request: RelayRequest) -> RelayAnswer {
        state.withLock { state in
            state.requests.append(request)
            return state.refusal.map { .refuse($0) } ?? .relay(service, .cluster)
        }
    }
}
