internal import KubernetesClient
internal import KubernetesConnection
internal import KubernetesWire
internal import Logging

/// A cluster's API, as the options name it.
struct APISource: Sendable {
    /// Where it is, and who asks; read at the start, so that what is wrong with it is told at once. All clients share it.
    let followed: FollowedConnection
    var options: APIClientOptions
    var reflectors: ReflectorSettings
    /// Never `fromManifests`.
    var endpoints: ClusterFeed.Endpoints

    /// - Throws: `CommandFailure` naming file and field.
    init(_ settings: APIOptions.Settings) throws(CommandFailure) {
        do throws(ConnectionError) {
            followed = try FollowedConnection(kubeconfig: settings.kubeconfig ?? "", master: settings.master ?? "")
        } catch {
            guard settings.kubeconfig == nil, settings.master == nil else { throw .usage("\(error)") }
            throw .usage("no source of Services: give --manifests PATH (a folder or file; repeatable) or --kubeconfig FILE; \(error)")
        }
        options = APIClientOptions(
            requestsPerSecond: settings.requestsPerSecond ?? 0, burst: settings.burst,
            userAgent: APIClientOptions.userAgent(version: Version.number),
            format: settings.contentType == .json ? .json : .protobuf,
            // The reflector notices first; this ends what is left of the connection.
            watchSilenceLimit: settings.watchSilence + .seconds(30))
        reflectors = ReflectorSettings(silence: settings.watchSilence)
        endpoints = settings.endpointsFrom == .pods ? .fromPods : .fromSlices
    }

    var text: String {
        let connection = followed.connection
        return "\(connection.server) (\(connection.origin))"
    }

    /// Connects to nothing yet.
    func makeClient(logger: Logger) throws -> APIClient {
        do {
            return try APIClient(following: followed, options: options, logger: logger)
        } catch let error as ConnectionError {
            throw CommandFailure.usage("\(error)")
        }
    }
}
