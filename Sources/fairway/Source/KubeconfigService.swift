internal import KubernetesConnection
internal import Logging
internal import ManifestSource
internal import ServiceLifecycle

/// Follows the kubeconfig, on a thread of its own: a change is taken over and told when it is made, and not only with the
/// next request, which may be minutes away.
final class KubeconfigService: Service, Sendable {
    private let followed: FollowedConnection
    private let follower: FileFollower
    private let logger: Logger

    private init(_ followed: FollowedConnection, path: String, logger: Logger) throws(CommandFailure) {
        self.followed = followed
        self.logger = logger
        follower = try FileFollower.make(path)
    }

    /// Nil where there is no kubeconfig: a service account, `--master` alone.
    static func make(_ followed: FollowedConnection, logger: Logger) throws(CommandFailure) -> KubeconfigService? {
        guard let path = followed.path else { return nil }
        return try KubeconfigService(followed, path: path, logger: logger)
    }

    func run() async throws {
        let (followed, follower, logger) = (followed, follower, logger)
        await follower.serve(named: "kubeconfig") {
            try follower.run(warn: { logger.warning("\($0)") }, read: { followed.refresh(logger) })
        } failed: { error in
            logger.warning("\(follower.path) is not watched: \(error); changes are seen with the next request")
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
