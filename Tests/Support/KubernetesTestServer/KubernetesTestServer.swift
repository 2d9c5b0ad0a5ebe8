import ArgumentParser
import FoundationEssentials
import Glibc
import KubernetesTesting
import NetworkTypes

/// The test API server as a program: for scripts, benchmarks, and daemons in namespaces.
@main struct KubernetesTestServer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kubernetes-test-server", abstract: "A Kubernetes API server in memory, for tests.")

    @Option(help: "The address to listen at.") var host = "127.0.0.1"
    @Option(help: "0 for a free one, which is printed.") var port = 0
    @Option(help: "Further names and addresses in the certificate.") var name: [String] = []
    @Option(help: "Where ca.crt, client.crt, client.key and kubeconfig are written.") var tlsDir: String?
    @Flag(help: "HTTP without TLS.") var plain = false
    @Option(help: "A JSON file with an object or a List, put as it is. Again for more.") var load: [String] = []
    @Option(help: "Services, each with a slice.") var seedServices = 0
    @Option(help: "Endpoints in each slice.") var seedEndpoints = 10
    @Option(help: "Running pods.") var seedPods = 0
    @Option(help: "Nodes that seeds are on.") var seedNodes = 100
    @Option(help: "Changes of a resource that a watch can begin before.") var history = 100_000
    @Option(help: "Seconds between bookmarks.") var bookmarks = 60
    @Option(help: "ClusterIPs are given out of this prefix. Again for the second family.") var serviceRange: [String] = []
    @Flag(help: "What is written keeps the status it is written with: for a cluster without kubelets.") var keepStatus = false
    @Flag(help: "Deleted pods stay, terminating, until they are deleted with a grace period of 0.") var terminatingPods = false
    @Flag(help: "sendInitialEvents is refused.") var noStreamingLists = false
    @Flag(help: "No protobuf.") var noProtobuf = false
    @Option(help: "A bearer token; with one, nobody else comes in without a client certificate.") var token: [String] = []

    func run() async throws {
        var settings = ClusterSettings()
        settings.hasControl = true
        settings.historyLimit = history
        settings.bookmarkInterval = .seconds(bookmarks)
        settings.keepsStatus = keepStatus
        settings.hasTerminatingPods = terminatingPods
        settings.hasStreamingLists = !noStreamingLists
        settings.hasProtobuf = !noProtobuf
        settings.requestLogLimit = 100
        for token in token { settings.tokens[token] = "system:serviceaccount:kube-system:test" }
        settings.requiresAuthentication = !token.isEmpty
        if !serviceRange.isEmpty {
            settings.serviceRanges = try serviceRange.map { text in
                guard let range = IPPrefix(text) else { throw ValidationError("--service-range \(text): no prefix") }
                return range
            }
        }
        let server = try await TestAPIServer.start(settings, host: host, port: port, tls: !plain, extraNames: name)
        for path in load {
            let tree = try JSON(parsing: Array(try Data(contentsOf: URL(filePath: path))))
            for object in tree["items"]?.array ?? [tree] { try server.put(object) }
        }
        try server.seedServices(seedServices, endpoints: seedEndpoints, nodes: seedNodes)
        try server.seedPods(seedPods, nodes: seedNodes)
        if seedServices + seedPods > 0 { server.warm() }
        if let tlsDir { try server.writeFiles(into: tlsDir, credentials: token.first.map { .token($0) } ?? .clientCertificate) }
        print("listening at \(server.url)")
        fflush(nil)
        // Until a signal ends it.
        while true { try await Task.sleep(for: .seconds(3600)) }
    }
}
