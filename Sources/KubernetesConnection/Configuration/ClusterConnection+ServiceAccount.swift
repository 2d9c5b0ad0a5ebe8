internal import FoundationEssentials

extension ClusterConnection {
    /// What the kubelet gives every pod: the API server's address in the environment, token and CA in a volume. The token
    /// is read again as it rotates.
    ///
    /// - Parameters:
    ///   - root: the folder that stands for `/`.
    ///   - environment: nil: this process's.
    /// - Throws: ``ConnectionError`` when this is no pod, or one without a service account's volume.
    package init(serviceAccountIn root: String, environment: [String: String]?) throws(ConnectionError) {
        let environment = environment ?? ProcessInfo.processInfo.environment
        let folder = (root.hasSuffix("/") ? root : root + "/") + "var/run/secrets/kubernetes.io/serviceaccount"
        func variable(_ name: String) throws(ConnectionError) -> String {
            guard let value = environment[name], !value.isEmpty else {
                throw ConnectionError(
                    .configuration,
                    "service account: \(name) is not set: this is no pod; give --kubeconfig FILE or --master URL")
            }
            return value
        }
        let host = try variable("KUBERNETES_SERVICE_HOST")
        let port = try variable("KUBERNETES_SERVICE_PORT")
        let address = host.contains(":") ? "https://[\(host)]:\(port)" : "https://\(host):\(port)"
        let server = try ServerAddress(
            address, defaultScheme: "https", ports: Self.serverPorts,
            origin: FieldOrigin(document: "service account", field: "KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT"))
        let authority = Material(
            place: .file(folder + "/ca.crt"), origin: FieldOrigin(document: "service account", field: "ca.crt"))
        let token = Material(
            place: .file(folder + "/token"), origin: FieldOrigin(document: "service account", field: "token"))
        // Read once now, so that a pod without the volume is told at its start.
        _ = try token.readToken()
        self.init(
            server: server, tls: TLSSettings(authority: authority), credentials: .tokenFile(token),
            origin: "service account")
    }
}
