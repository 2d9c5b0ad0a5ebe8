internal import KubernetesModel
internal import NetworkTypes

/// The proxy that the environment names, as programs written in Go read it (golang.org/x/net/http/httpproxy): `HTTPS_PROXY`
/// for servers with TLS, `HTTP_PROXY` for those without, and `NO_PROXY` for those that are reached without one.
struct ProxyEnvironment {
    /// Which variable says so: `HTTPS_PROXY`, or `https_proxy`.
    let variable: String
    let url: String

    /// Nil where there is none for this server: loopback is never behind one.
    init?(_ environment: [String: String], for server: ServerAddress) {
        let name = server.isSecure ? "HTTPS_PROXY" : "HTTP_PROXY"
        guard let (variable, url) = Self.first(name, environment) else { return nil }
        let host = server.host.lowercased()
        if host == "localhost" || IPAddress(host)?.isLoopback == true { return nil }
        let exceptions = Self.first("NO_PROXY", environment)?.value ?? ""
        let isExcepted = exceptions.split(separator: ",").contains { item in
            Self.excepts(String(item).trimmingASCIISpace.lowercased(), host, port: server.port)
        }
        if isExcepted { return nil }
        self.variable = variable
        self.url = url
    }

    private static func first(_ name: String, _ environment: [String: String]) -> (name: String, value: String)? {
        for name in [name, name.lowercased()] {
            if let value = environment[name], !value.isEmpty { return (name, value) }
        }
        return nil
    }

    /// An item of `NO_PROXY`: `*`, `10.0.0.0/8`, `10.0.0.1`, `example.com` with what is below it, `.example.com` without
    /// itself; each but the first two with `:PORT` or without.
    private static func excepts(_ item: String, _ host: String, port: Int) -> Bool {
        if item.isEmpty { return false }
        if item == "*" { return true }
        let address = IPAddress(host)
        if item.contains("/") {
            guard let prefix = IPPrefix(item), let address else { return false }
            return prefix.contains(address)
        }
        let (name, itemPort) = parts(item)
        if let itemPort, !itemPort.isEmpty, itemPort != String(port) { return false }
        if let itemAddress = IPAddress(name) { return itemAddress == address }
        let domain = name.hasPrefix("*.") ? String(name.dropFirst()) : name
        if domain.isEmpty || address != nil { return false }
        return domain.hasPrefix(".") ? host.hasSuffix(domain) : host == domain || host.hasSuffix("." + domain)
    }

    /// `host:port`, `[address]:port`; one without a port, and an IPv6 address without brackets, as a whole.
    private static func parts(_ item: String) -> (name: String, port: String?) {
        if item.hasPrefix("["), let end = item.firstIndex(of: "]") {
            let rest = item[item.index(after: end)...]
            let name = String(item[item.index(after: item.startIndex)..<end])
            return (name, rest.hasPrefix(":") ? String(rest.dropFirst()) : nil)
        }
        let pieces = item.split(separator: ":", omittingEmptySubsequences: false)
        return pieces.count == 2 ? (String(pieces[0]), String(pieces[1])) : (item, nil)
    }
}

extension ClusterConnection {
    /// By the proxy that an environment names for this server; one of the kubeconfig stands before it.
    ///
    /// One that cannot be used is a warning, and the server is asked without.
    func byProxy(of environment: [String: String]) -> ClusterConnection {
        guard proxy == nil, let found = ProxyEnvironment(environment, for: server) else { return self }
        let origin = FieldOrigin(document: "environment", field: found.variable)
        func without(_ why: String) -> ClusterConnection {
            ClusterConnection(
                server: server, tls: tls, credentials: credentials, impersonation: impersonation, origin: self.origin,
                warnings: warnings + ["\(origin): not used: \(why); \(server) is asked without a proxy"])
        }
        // The value may hold a password.
        guard let address = try? ServerAddress(
            found.url, defaultScheme: "http", ports: ["http": 80, "socks5": 1080], origin: origin)
        else { return without("it is no http://HOST:PORT and no socks5://HOST:PORT") }
        if needsNameBehindProxy {
            return without(
                "behind a proxy, a server given as an address needs a name of its certificate: tls-server-name of a kubeconfig, or NO_PROXY=\(server.host) where no proxy is meant")
        }
        return ClusterConnection(
            server: server, tls: tls, credentials: credentials, impersonation: impersonation, proxy: address,
            proxyField: found.variable, origin: self.origin, warnings: warnings)
    }

    /// Behind a proxy, the address that is connected to is not the server's: only a name can be looked for.
    var needsNameBehindProxy: Bool {
        server.isSecure && isAddress(server.host) && tls.serverName.isEmpty && !tls.skipsVerification
    }
}
