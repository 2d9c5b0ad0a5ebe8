internal import FoundationEssentials

/// To which API server, over which way, and as whom: what a kubeconfig's context, a service account or a bare URL say.
///
/// Certificates, keys and tokens that stand in files are not in here: they are read when they are needed.
package struct ClusterConnection: Sendable, Hashable {
    /// The URL without credentials.
    package let server: ServerAddress
    let tls: TLSSettings
    let credentials: CredentialSettings
    let impersonation: Impersonation
    /// Nil: none.
    let proxy: ServerAddress?
    /// The setting that names the proxy: `proxy-url`, or a variable of the environment.
    let proxyField: String
    /// Where this was read: `kubeconfig /etc/kubeconfig, context node`.
    package let origin: String
    /// What is allowed and likely not meant, each with its file and field.
    package let warnings: [String]

    init(
        server: ServerAddress, tls: TLSSettings = TLSSettings(), credentials: CredentialSettings = .none,
        impersonation: Impersonation = Impersonation(), proxy: ServerAddress? = nil,
        proxyField: String = "proxy-url", origin: String, warnings: [String] = []
    ) {
        self.server = server
        self.tls = tls
        self.credentials = credentials
        self.impersonation = impersonation
        self.proxy = proxy
        self.proxyField = proxyField
        self.origin = origin
        self.warnings = warnings
    }

    /// A server that needs no credentials, as `--master` without a kubeconfig names it.
    ///
    /// - Parameter url: `http://HOST:PORT`, or `https://` with a certificate that the system's authorities vouch for;
    ///   without a scheme it is HTTP.
    package init(master url: String) throws(ConnectionError) {
        let origin = FieldOrigin(document: "command line", field: "--master")
        self.init(
            server: try ServerAddress(url, defaultScheme: "http", ports: Self.serverPorts, origin: origin),
            origin: "--master")
    }

    static let serverPorts = ["http": 80, "https": 443]

    /// As kube-proxy decides: a kubeconfig, whose server `master` overrides; `master` alone; else the service account. By
    /// the proxy of the kubeconfig or of the environment.
    ///
    /// - Parameters:
    ///   - kubeconfig: a path; empty: none.
    ///   - master: a URL; empty: none.
    ///   - context: of the kubeconfig; nil: its current one.
    ///   - environment: nil: this process's.
    /// - Throws: ``ConnectionError`` naming file and field.
    package init(
        kubeconfig: String, master: String = "", context: String? = nil, environment: [String: String]? = nil
    ) throws(ConnectionError) {
        let environment = environment ?? ProcessInfo.processInfo.environment
        let direct: ClusterConnection
        if !kubeconfig.isEmpty {
            direct = try ClusterConnection(kubeconfigFile: kubeconfig, context: context, master: master)
        } else if !master.isEmpty {
            direct = try ClusterConnection(master: master)
        } else {
            direct = try ClusterConnection(serviceAccountIn: "/", environment: environment)
        }
        self = direct.byProxy(of: environment)
    }
}

/// As whom requests are made beside the one who makes them (`Impersonate-*` headers).
struct Impersonation: Sendable, Hashable {
    /// Empty: nobody.
    var user = ""
    var uid = ""
    var groups: [String] = []
    var extra: [String: [String]] = [:]
}
