internal import FoundationEssentials

extension Kubeconfig {
    /// The one way in which a user shows who it is, beside a client certificate.
    func credentials(
        _ user: KubeconfigNode, cluster: KubeconfigNode, server: ServerAddress, tls: TLSSettings
    ) throws(ConnectionError) -> CredentialSettings {
        if try user["auth-provider"].isPresent {
            throw try user["auth-provider"].origin.fault("no longer part of Kubernetes since 1.26: use exec")
        }
        try refuseSeveral(user)
        let exec = try user["exec"]
        if exec.isPresent { return .exec(try plugin(exec, cluster: cluster, server: server, tls: tls)) }
        let file = try user["tokenFile"]
        if file.isPresent { return .tokenFile(Material(place: .file(resolve(try file.required())), origin: file.origin)) }
        let token = try user["token"].string()
        if !token.isEmpty { return .token(try checkedToken(token, origin: user["token"].origin)) }
        let name = try user["username"].string()
        if !name.isEmpty { return .basic(user: name, password: try user["password"].string()) }
        return .none
    }

    private func refuseSeveral(_ user: KubeconfigNode) throws(ConnectionError) {
        var given: [String] = []
        // tokenFile beside token is allowed, and stands before it.
        let tokens = try user["token"].string() + user["tokenFile"].string()
        if try user["exec"].isPresent { given.append("exec") }
        if !tokens.isEmpty { given.append("token") }
        if try !user["username"].string().isEmpty { given.append("username") }
        guard given.count <= 1 else {
            throw user.origin.fault("\(given.joined(separator: " and ")) given together: only one of them can be used")
        }
    }

    private func plugin(
        _ exec: KubeconfigNode, cluster: KubeconfigNode, server: ServerAddress, tls: TLSSettings
    ) throws(ConnectionError) -> ExecPlugin {
        let version = try exec["apiVersion"].required()
        guard let apiVersion = ExecPlugin.Version(rawValue: version) else {
            let supported = ExecPlugin.Version.allCases.map(\.rawValue).joined(separator: ", ")
            throw try exec["apiVersion"].origin.fault("Unsupported value: \"\(version)\": supported values: \(supported)")
        }
        let command = try exec["command"].required()
        var environment: [String] = []
        for variable in try exec["env"].list() {
            environment.append("\(try variable["name"].required())=\(try variable["value"].string())")
        }
        try checkMode(exec, apiVersion)
        let providesCluster = try exec["provideClusterInfo"].bool()
        var info: ExecCredentialRequest.Cluster?
        if providesCluster { info = try clusterInfo(cluster, server: server, tls: tls) }
        return ExecPlugin(
            version: apiVersion,
            command: command.contains("/") ? resolve(command) : command,
            arguments: try exec["args"].strings(), environment: environment,
            installHint: try exec["installHint"].string(),
            cluster: info,
            origin: exec.origin)
    }

    /// A daemon has nobody to ask.
    private func checkMode(_ exec: KubeconfigNode, _ version: ExecPlugin.Version) throws(ConnectionError) {
        let field = try exec["interactiveMode"]
        switch try field.string() {
        case "Never", "IfAvailable": return
        case "Always":
            throw field.origin.fault("Always asks for a terminal, which there is not: use Never or IfAvailable")
        case "":
            if version == .v1 { throw field.origin.fault("Required value: Never, IfAvailable or Always") }
        case let other:
            throw field.origin.fault("Unsupported value: \"\(other)\": supported values: Always, IfAvailable, Never")
        }
    }

    private func clusterInfo(
        _ cluster: KubeconfigNode, server: ServerAddress, tls: TLSSettings
    ) throws(ConnectionError) -> ExecCredentialRequest.Cluster {
        var config: JSONValue?
        for item in try cluster["extensions"].list()
        where try item["name"].string() == "client.authentication.k8s.io/exec" {
            config = try item["extension"].node.map { JSONValue($0) }
        }
        let authority = try tls.authority?.read()
        return ExecCredentialRequest.Cluster(
            server: server.description, serverName: tls.serverName, skipsVerification: tls.skipsVerification,
            authority: authority.map { Data($0).base64EncodedString() } ?? "", proxy: try cluster["proxy-url"].string(),
            config: config)
    }
}
