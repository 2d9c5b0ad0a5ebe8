internal import ArgumentParser

/// How the Kubernetes API is reached, named as kube-proxy names it, and where endpoints come from.
struct APIOptions: ParsableArguments {
    @Option(help: "A kubeconfig file; without it, --master and --manifests: the service account of the pod this runs in.")
    var kubeconfig = ""

    @Option(help: "The API server, as https://10.0.0.1:6443; goes before what the kubeconfig says.")
    var master = ""

    @Option(help: "Requests to the API server in a second, over time; below 0: any number.")
    var kubeApiQps = Settings.defaultRequestsPerSecond

    @Option(help: "Requests to the API server at once.")
    var kubeApiBurst = Settings.defaultBurst

    @Option(help: "What is asked of the API server: application/vnd.kubernetes.protobuf or application/json.")
    var kubeApiContentType = ContentType.protobuf.rawValue

    @Option(help: "A watch on which nothing came for so long, not even a bookmark, is given up and begun anew.")
    var kubeApiWatchSilence = "150s"

    @Option(
        help: """
            Where endpoints come from: slices (the API's EndpointSlices) or pods (computed here from Pods; needs no \
            endpoint controller) (default: pods with --manifests, else slices).
            """)
    var endpointsFrom: String?

    /// What answers of the API server are written in.
    enum ContentType: String, Sendable, CaseIterable {
        case protobuf = "application/vnd.kubernetes.protobuf"
        case json = "application/json"
    }

    /// `--endpoints-from`.
    enum EndpointOrigin: String, Sendable, CaseIterable {
        case slices
        case pods
    }

    /// The options as values.
    struct Settings: Sendable, Hashable {
        /// kube-proxy's defaults, which a 0 stands for too.
        static let defaultRequestsPerSecond = 5.0
        static let defaultBurst = 10

        /// Nil: none was named.
        var kubeconfig: String?
        /// Nil: the kubeconfig's, or the pod's own cluster.
        var master: String?
        /// Nil: any number.
        var requestsPerSecond: Double? = Self.defaultRequestsPerSecond
        var burst = Self.defaultBurst
        var contentType = ContentType.protobuf
        /// Servers send a bookmark about once a minute.
        var watchSilence = Duration.seconds(150)
        /// Nil: by the source.
        var endpointsFrom: EndpointOrigin?
    }

    /// The options as values, or one line that says which is wrong.
    func settings() throws(CommandFailure) -> Settings {
        guard kubeApiQps.isFinite else { throw .usage("--kube-api-qps \(kubeApiQps): expected a number of requests a second") }
        guard (0...Int(Int32.max)).contains(kubeApiBurst) else {
            throw .usage("--kube-api-burst \(kubeApiBurst): expected 0 to \(Int32.max)")
        }
        var settings = Settings()
        settings.kubeconfig = kubeconfig.isEmpty ? nil : kubeconfig
        settings.master = try server()
        settings.requestsPerSecond =
            kubeApiQps < 0 ? nil : kubeApiQps == 0 ? Settings.defaultRequestsPerSecond : kubeApiQps
        settings.burst = kubeApiBurst == 0 ? Settings.defaultBurst : kubeApiBurst
        guard let silence = DurationText.seconds(kubeApiWatchSilence), silence > 0 else {
            throw .usage("--kube-api-watch-silence \(kubeApiWatchSilence): expected whole seconds as a duration, such as 150s")
        }
        settings.watchSilence = .seconds(silence)
        settings.contentType = try choice(kubeApiContentType, "--kube-api-content-type")
        if let endpointsFrom { settings.endpointsFrom = try choice(endpointsFrom, "--endpoints-from") }
        return settings
    }

    /// As client-go has it, an address without a scheme is spoken to over plain HTTP.
    private func server() throws(CommandFailure) -> String? {
        if master.isEmpty { return nil }
        let isPlain = !master.contains("://")
        let hasScheme = master.hasPrefix("https://") || master.hasPrefix("http://")
        guard isPlain || hasScheme, !master.hasSuffix("://"), !master.contains(where: \.isWhitespace) else {
            throw .usage("--master \"\(master)\": expected the URL of the API server, as https://10.0.0.1:6443")
        }
        return isPlain ? "http://" + master : master
    }

    private func choice<Value: RawRepresentable & CaseIterable>(
        _ text: String, _ flag: String
    ) throws(CommandFailure) -> Value where Value.RawValue == String {
        guard let value = Value(rawValue: text) else {
            let known = Value.allCases.map(\.rawValue).joined(separator: " or ")
            throw .usage("\(flag) \"\(text)\": expected \(known)")
        }
        return value
    }
}
