import KubernetesClient
import KubernetesModel
import KubernetesWire
import Logging

@testable import KubernetesConnection

/// A kubeconfig with one context, in JSON, which is YAML.
struct TestKubeconfig {
    var server = "https://localhost:6443"
    var cluster = ""
    var user = ""

    var text: String {
        """
        apiVersion: v1
        kind: Config
        current-context: node
        clusters:
        - name: cluster
          cluster: {server: "\(server)"\(cluster.isEmpty ? "" : ", ")\(cluster)}
        users:
        - name: node
          user: {\(user)}
        contexts:
        - name: node
          context: {cluster: cluster, user: node}
        """
    }

    func connection(in folder: TemporaryFolder) throws -> ClusterConnection {
        try ClusterConnection(kubeconfig: folder.write(text, to: "kubeconfig"))
    }
}

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// Runs `body` with a client, which is shut down whatever happens.
func withClient<Result: Sendable>(
    _ connection: ClusterConnection, _ options: APIClientOptions = APIClientOptions(requestsPerSecond: 0),
    clock: any Clock<Duration> = ContinuousClock(), logger: Logger = quiet, _ body: (APIClient) async throws -> Result
) async throws -> Result {
    let client = try APIClient(connection: connection, options: options, logger: logger, clock: clock)
    do {
        let result = try await body(client)
        try await client.shutdown()
        return result
    } catch {
        try? await client.shutdown()
        throw error
    }
}

/// The error's text, or what there was instead of an error.
func failure(_ body: () async throws -> some Any) async -> String {
    do {
        return "no error: \(try await body())"
    } catch {
        return "\(error)"
    }
}

func failure(_ body: () throws -> some Any) -> String {
    do {
        return "no error: \(try body())"
    } catch {
        return "\(error)"
    }
}

let services = ListRequest(resource: APIResource(.service))
let emptyServices = #"{"kind":"ServiceList","apiVersion":"v1","metadata":{"resourceVersion":"7"},"items":[]}"#

/// A client of a scripted server that speaks plain HTTP, below `path` of it.
func withScriptedAPI(
    options: APIClientOptions = APIClientOptions(requestsPerSecond: 0), clock: any Clock<Duration> = ContinuousClock(),
    path: String = "", _ script: @escaping ScriptedServer.Script,
    _ body: @escaping @Sendable (APIClient, ScriptedServer) async throws -> Void
) async throws {
    try await ScriptedServer.run(script) { server in
        let connection = try ClusterConnection(kubeconfig: "", master: "http://127.0.0.1:\(server.port)\(path)")
        try await withClient(connection, options, clock: clock) { try await body($0, server) }
    }
}
