package import DNSWire

/// Answers a pod's whole search walk with its first query (`--dns-autopath`).
///
/// A pod's resolv.conf has `ndots:5` and a search list: its namespace's domain, `svc.DOMAIN`, `DOMAIN`, then the node's own
/// search domains. A name with fewer dots is first looked for in each of them, so that `api.example.com` costs four
/// questions and more. When the first one is about a name that does not exist, the server can go on by itself, for the
/// client's namespace tells the rest of the list: the answer is a CNAME from the name asked to the first name that
/// exists, and what that owns. Where none exists the answer is what it would have been.
///
/// Only for clients whose address belongs to a pod of this node: nobody else's search list is known.
package struct Autopath: Sendable, Hashable {
    /// Search domains of the node, which pods get after the cluster's own; in order.
    package let hostDomains: [DomainName]
    package let pods: LocalPodPublisher

    /// kubelet gives a pod 32 search domains at most, three of them the cluster's; it cuts the rest off, and so is it here.
    package static let hostDomainLimit = 29

    package init(hostDomains: [DomainName] = [], pods: LocalPodPublisher) {
        self.hostDomains = Array(hostDomains.prefix(Self.hostDomainLimit))
        self.pods = pods
    }

    /// The search domains of a resolv.conf: the last `search` or `domain` line counts (resolv.conf(5)); what is no name and
    /// the root are left out, as kubelet does.
    package static func hostDomains(inResolvConf text: String) -> [DomainName] {
        var domains: [DomainName] = []
        for line in text.split(whereSeparator: \.isNewline) {
            let words = line.split(whereSeparator: \.isWhitespace)
            guard let keyword = words.first, keyword == "search" || keyword == "domain" else { continue }
            domains = words.dropFirst().prefix { !$0.hasPrefix("#") && !$0.hasPrefix(";") }.compactMap { DomainName(String($0)) }
        }
        return domains.filter { !$0.isRoot }
    }
}
