internal import DNSWire

/// The names that every cluster's zone has. Nil where the domain leaves no room for them.
struct ZoneNames: Sendable {
    let domain: DomainName
    /// Above the namespaces of Services.
    let services: DomainName?
    /// Above the namespaces of pods.
    let pods: DomainName?
    /// An empty non-terminal above ``server``.
    let dns: DomainName?
    /// The server itself: SOA's primary server.
    let server: DomainName?
    let version: DomainName?

    init(domain: DomainName) {
        self.domain = domain.lowercased
        services = self.domain.prepending("svc".utf8)
        pods = self.domain.prepending("pod".utf8)
        dns = self.domain.prepending("dns".utf8)
        server = dns?.prepending("ns".utf8)
        version = self.domain.prepending("dns-version".utf8)
    }

    /// `NAMESPACE.svc.ZONE`
    func services(in namespace: String) -> DomainName? { services?.prepending(ZoneLabel.lowercased(namespace)) }

    /// `NAMESPACE.pod.ZONE`
    func pods(in namespace: String) -> DomainName? { pods?.prepending(ZoneLabel.lowercased(namespace)) }
}
