import LoadBalancing
import Synchronization

@testable import Relay

extension RelayService {
    /// Gives it these backends, in turn, as they are: tests look at their counts.
    func update(_ options: Options, cluster: [RelayBackend], local: [RelayBackend]) {
        state.withLock { state in
            for backend in cluster + local {
                let old = state.backends.updateValue(backend, forKey: backend.address)
                if old !== backend { old?.markGone() }
            }
        }
        var content = Content()
        content.options = options
        content.method = .inTurn
        content.cluster = cluster.map { Member($0.address) }
        content.local = local.map { Member($0.address) }
        _ = update(content)
    }
}
