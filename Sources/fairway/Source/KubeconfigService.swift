internal import KubernetesConnection
internal import LinuxSystem
internal import Logging
internal import ManifestSource
internal import ServiceLifecycle

/// Follows the kubeconfig, on a thread of its own: a change is taken over and told when it is made, and not only with the
/// next request, which may be minutes away.
final class KubeconfigService: Service, Sendable {
    private let followed: FollowedConnection
    private let path: String
    private let logger: Logger
    private let stop: WakeDescriptor

    private init(_ followed: FollowedConnection, path: String, logger: Logger) throws(CommandFailure) {
        self.followed = followed
        self.path = path
        self.logger = logger
        do throws(Errno) {
            stop = try WakeDescriptor()
        } catch {
            throw .failed("cannot make an eventfd: \(error)")
        }
    }

    /// Nil where there is no kubeconfig: a service account, `--master` alone.
    static func make(_ followed: FollowedConnection, logger: Logger) throws(CommandFailure) -> KubeconfigService? {
        guard let path = followed.path else { return nil }
        return try KubeconfigService(followed, path: path, logger: logger)
    }

    func run() async throws {
        await withTaskCancellationOrGracefulShutdownHandler {
            do {
                try await DedicatedThread.run(named: "kubeconfig") { try self.work() }
            } catch {
                logger.warning("\(path) is not watched: \(error); changes are seen with the next request")
                // A service that returns ends the others.
                try? await gracefulShutdown()
            }
        } onCancelOrGracefulShutdown: {
            self.stop.signal()
        }
    }

    private func work() throws {
        var watch = try FileWatch(path)
        let epoll = try Epoll()
        try epoll.add(stop.rawValue, .readable, token: 0)
        try epoll.add(watch.descriptor, .readable, token: 1)
        // It may have changed since it was read.
        var isDue = true
        while true {
            for warning in watch.takeWarnings() { logger.warning("\(warning)") }
            if isDue { followed.refresh(logger) }
            let events = try epoll.wait()
            if events.contains(where: { $0.token == 0 }) { return }
            isDue = try watch.poll()
        }
    }
}

extension ObjectSource {
    /// What beside the objects is followed: the kubeconfig of an API.
    func makeKubeconfigService(logger: Logger) throws(CommandFailure) -> KubeconfigService? {
        guard case .api(let source) = self else { return nil }
        return try KubeconfigService.make(source.followed, logger: logger)
    }
}
