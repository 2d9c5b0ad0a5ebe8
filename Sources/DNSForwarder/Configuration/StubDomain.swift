public import DNSWire
internal import NetworkTypes

/// A domain whose names are asked of its own upstreams, and of no other.
public struct StubDomain: Sendable, Hashable {
    public var domain: DomainName
    /// Not empty where it came from text.
    public var upstreams: [UpstreamAddress]

    public init(domain: DomainName, upstreams: [UpstreamAddress]) {
        self.domain = domain
        self.upstreams = upstreams
    }

    /// Parses `DOMAIN=UPSTREAM[,UPSTREAM...]`, each upstream as `UpstreamAddress` reads it.
    ///
    /// - Throws: with the form to write.
    public init(_ text: some StringProtocol) throws(UpstreamSyntaxError) {
        guard let equals = text.firstIndex(of: "=") else {
            throw UpstreamSyntaxError(text: String(text), cause: "write DOMAIN=ADDR[:PORT], such as acme.local=10.0.0.5")
        }
        guard let domain = DomainName(String(text[..<equals])) else {
            throw UpstreamSyntaxError(
                text: String(text), cause: "\"\(text[..<equals])\" is no domain name; write DOMAIN=ADDR[:PORT]")
        }
        var upstreams: [UpstreamAddress] = []
        let list = text[text.index(after: equals)...].split(separator: ",", omittingEmptySubsequences: false)
        for part in list {
            do throws(UpstreamSyntaxError) {
                upstreams.append(try UpstreamAddress(part))
            } catch {
                throw UpstreamSyntaxError(text: String(text), cause: error.cause)
            }
        }
        self.init(domain: domain, upstreams: upstreams)
    }

    /// One entry for each domain, in the order of first mention, with the upstreams of all its mentions.
    public static func merged(_ stubs: [StubDomain]) -> [StubDomain] {
        var result: [StubDomain] = []
        for stub in stubs {
            let place = result.firstIndex { $0.domain == stub.domain }
            guard let place else {
                result.append(StubDomain(domain: stub.domain, upstreams: []).adding(stub.upstreams))
                continue
            }
            result[place] = result[place].adding(stub.upstreams)
        }
        return result
    }

    private func adding(_ more: [UpstreamAddress]) -> StubDomain {
        var result = self
        for upstream in more where !result.upstreams.contains(upstream) { result.upstreams.append(upstream) }
        return result
    }
}
