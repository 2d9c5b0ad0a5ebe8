package import DNSWire

/// What a file of rows asks of the server, beside the cluster: the lines before its first rule.
package struct CaseSettings: Sendable, Hashable {
    /// The folder of manifests in `Clusters`.
    package var cluster = ""
    package var domain = DomainName.clusterLocal
    /// Seconds.
    package var timeToLive: UInt32 = 30
    /// Seconds.
    package var negativeTimeToLive: UInt32 = 5
    /// `insecure`, `verified` or `disabled`.
    package var podNames = "insecure"
    /// Empty: all.
    package var namespaces: [String] = []
    /// A label selector of Namespaces; empty: all.
    package var namespaceSelector = ""
    /// A label selector; empty: every Service.
    package var labels = ""
    /// A state that manifests cannot bring about.
    package var isOnlyInProcess = false

    package init() {}

    /// Takes one line; false where it is no setting.
    mutating func take(_ words: [Substring]) -> Bool {
        guard let key = words.first else { return false }
        let value = words.dropFirst().joined(separator: " ")
        switch key {
        case "cluster": cluster = value
        case "domain": if let name = DomainName(value) { domain = name } else { return false }
        case "ttl": if let seconds = UInt32(value) { timeToLive = seconds } else { return false }
        case "negative-ttl": if let seconds = UInt32(value) { negativeTimeToLive = seconds } else { return false }
        case "pods": podNames = value
        case "namespaces": namespaces = value.split(separator: ",").map { String($0) }
        case "namespace-selector": namespaceSelector = value
        case "labels": labels = value
        case "only-in-process": isOnlyInProcess = true
        default: return false
        }
        return true
    }

    /// The options of `fairway dns` that bring it about.
    package var options: [String] {
        var options = [
            "--cluster-domain", String("\(domain)".dropLast()), "--dns-ttl", "\(timeToLive)",
            "--dns-negative-ttl", "\(negativeTimeToLive)", "--dns-pods", podNames,
        ]
        if !namespaces.isEmpty { options += ["--dns-namespaces", namespaces.joined(separator: ",")] }
        if !namespaceSelector.isEmpty { options += ["--dns-namespace-selector", namespaceSelector] }
        if !labels.isEmpty { options += ["--dns-labels", labels] }
        return options
    }
}

extension CaseSettings: CustomStringConvertible {
    package var description: String {
        ([cluster] + options.dropFirst(2)).joined(separator: " ") + (domain == .clusterLocal ? "" : " \(domain)")
    }
}

extension DomainName {
    package static let clusterLocal = DomainName("cluster.local.") ?? .root
}
