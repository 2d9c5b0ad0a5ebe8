internal import Yams

extension ClusterConnection {
    /// A context of a kubeconfig.
    ///
    /// - Parameters:
    ///   - context: nil: the current one.
    ///   - master: in place of the cluster's server; empty: that one.
    /// - Throws: ``ConnectionError`` naming file and field, also when a token file cannot be read. Certificates and keys are read
    ///   later, where they are used.
    package init(kubeconfigFile path: String, context: String? = nil, master: String = "") throws(ConnectionError) {
        try self.init(Kubeconfig(path: path, bytes: Kubeconfig.contents(of: path)), context: context, master: master)
    }

    /// A context of a kubeconfig that was read.
    init(_ kubeconfig: Kubeconfig, context: String?, master: String) throws(ConnectionError) {
        let root = kubeconfig.root
        let name: String
        if let context { name = context } else { name = try kubeconfig.currentContext() }
        let chosen = try root["contexts"].entry(named: name, "context")
        let cluster = try root["clusters"].entry(named: chosen["cluster"].required(), "cluster")
        let userName = try chosen["user"].string()
        let user = userName.isEmpty ? nil : try root["users"].entry(named: userName, "user")

        let tls = try kubeconfig.tls(cluster: cluster, user: user)
        let hasTLS = tls.authority != nil || tls.certificate != nil || tls.skipsVerification
        let override = FieldOrigin(document: "command line", field: "--master")
        let server = try ServerAddress(
            master.isEmpty ? cluster["server"].required() : master, defaultScheme: hasTLS ? "https" : "http",
            ports: Self.serverPorts, origin: master.isEmpty ? cluster["server"].origin : override)
        let proxy = try kubeconfig.proxy(cluster, server: server, tls: tls)
        var credentials = CredentialSettings.none
        var impersonation = Impersonation()
        if let user {
            credentials = try kubeconfig.credentials(user, cluster: cluster, server: server, tls: tls)
            impersonation = try Impersonation(user)
        }
        var warnings: [String] = []
        if !server.isSecure, let user, credentials != .none {
            warnings.append("\(user.origin): not sent to \(server), which has no TLS: everybody on the way could read it")
            credentials = .none
        }
        // Read once now: a file that is not there at the start is more likely named wrong than late.
        if case .tokenFile(let file) = credentials { _ = try file.readToken() }
        if tls.skipsVerification {
            warnings.append(
                "\(try cluster["insecure-skip-tls-verify"].origin): whoever is on the way to \(server) can read and change everything")
        }
        self.init(
            server: server, tls: tls, credentials: credentials, impersonation: impersonation, proxy: proxy,
            origin: "kubeconfig \(kubeconfig.path), context \(name)", warnings: warnings)
    }
}

extension Kubeconfig {
    fileprivate func currentContext() throws(ConnectionError) -> String {
        let current = try root["current-context"]
        let name = try current.string()
        guard name.isEmpty else { return name }
        throw current.origin.fault("Required value: the name of one of contexts")
    }

    fileprivate func tls(cluster: KubeconfigNode, user: KubeconfigNode?) throws(ConnectionError) -> TLSSettings {
        var tls = TLSSettings()
        tls.authority = try material(cluster, "certificate-authority")
        tls.skipsVerification = try cluster["insecure-skip-tls-verify"].bool()
        if tls.skipsVerification, let authority = tls.authority {
            throw authority.origin.fault("given together with insecure-skip-tls-verify, which would ignore it: only one of the two")
        }
        tls.serverName = try cluster["tls-server-name"].string()
        if isAddress(tls.serverName) {
            throw try cluster["tls-server-name"].origin.fault(
                "Invalid value: \"\(tls.serverName)\": must be a name: addresses are not sent as server names")
        }
        guard let user else { return tls }
        tls.certificate = try material(user, "client-certificate")
        tls.key = try material(user, "client-key")
        if let certificate = tls.certificate, tls.key == nil {
            throw certificate.origin.fault("its key is missing: client-key or client-key-data")
        }
        if let key = tls.key, tls.certificate == nil {
            throw key.origin.fault("its certificate is missing: client-certificate or client-certificate-data")
        }
        return tls
    }

    fileprivate func proxy(
        _ cluster: KubeconfigNode, server: ServerAddress, tls: TLSSettings
    ) throws(ConnectionError) -> ServerAddress? {
        let field = try cluster["proxy-url"]
        let url = try field.string()
        guard !url.isEmpty else { return nil }
        let proxy = try ServerAddress(
            url, defaultScheme: "http", ports: ["http": 80, "socks5": 1080], origin: field.origin)
        if ClusterConnection(server: server, tls: tls, origin: "").needsNameBehindProxy {
            throw try cluster["tls-server-name"].origin.fault(
                "Required value: behind a proxy, a server given as an address needs a name of its certificate, such as kubernetes")
        }
        return proxy
    }
}

extension Impersonation {
    fileprivate init(_ user: KubeconfigNode) throws(ConnectionError) {
        self.init(
            user: try user["as"].string(), uid: try user["as-uid"].string(), groups: try user["as-groups"].strings())
        let extra = try user["as-user-extra"]
        if let mapping = extra.node?.mapping {
            for key in mapping.keys.compactMap(\.scalar?.string) { self.extra[key] = try extra[key].strings() }
        }
        guard !self.user.isEmpty || (uid.isEmpty && groups.isEmpty && self.extra.isEmpty) else {
            throw try user["as"].origin.fault("Required value: as-uid, as-groups and as-user-extra say more about it")
        }
    }
}
