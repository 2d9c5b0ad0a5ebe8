import LinuxSystem
import NetworkTypes
import Synchronization

@testable import Relay

/// Frontends and their services, as a test set them; all else is refused.
final class TestDirectory: RelayDirectory {
    private let frontends = Mutex<[SocketAddress: RelayService]>([:])

    func set(_ frontend: SocketAddress, _ service: RelayService?) { frontends.withLock { $0[frontend] = service } }

    func answer(_ request: RelayRequest) -> RelayAnswer {
        guard let service = frontends.withLock({ $0[request.destination] }) else { return .refuse(.unknownFrontend) }
        return .relay(service, .cluster)
    }
}

extension RelayService {
    /// With these backends from now on.
    func set(_ backends: [RelayBackend], options: Options = Options()) {
        update(options, cluster: backends, local: [])
    }
}
