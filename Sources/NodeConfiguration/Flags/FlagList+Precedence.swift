/// Who wins where there is a file: the file, but for the flags that say what to do, how to log, and who this node is.
package struct FlagPrecedence: Sendable, Hashable {
    /// Flags that hold beside the file, or go before it.
    package let held: [String]
    /// Names of flags that were given in vain.
    package let ignored: [String]

    /// A KubeProxyConfiguration has no field for what is Fairway's own: flags that say such a thing hold.
    package init(_ flags: FlagList, beside document: ConfigurationDocument) {
        var (held, ignored): ([String], [String]) = ([], [])
        for item in flags.items {
            guard let flag = item.flag, Self.isCovered(flag, by: document) else {
                held += item.arguments
                continue
            }
            if !ignored.contains("--\(flag.name)") { ignored.append("--\(flag.name)") }
        }
        (self.held, self.ignored) = (held, ignored)
    }

    private static func isCovered(_ flag: RunFlag, by document: ConfigurationDocument) -> Bool {
        if flag.role == .act || flag.name == "hostname-override" || RunFlag.loggingNames.contains(flag.name) { return false }
        // The API server's address has no field, and kube-proxy takes it all the same.
        if flag.name == "master" { return false }
        if document.isKubeProxy { return RunFlag.kubeProxyNames.contains(flag.name) }
        return true
    }

    /// One line, nil when no flag was given in vain.
    package func warning(path: String) -> String? {
        ignored.isEmpty ? nil : "\(path) decides: ignored \(ignored.joined(separator: ", "))"
    }
}
