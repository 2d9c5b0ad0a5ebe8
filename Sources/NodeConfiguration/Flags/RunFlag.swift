/// A flag of `fairway run`, as far as configurations and kube-proxy's ways of writing flags need to know it.
package struct RunFlag: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        /// Takes no value.
        case toggle
        case text
        case integer
        case number
        case duration
        /// A list with commas.
        case list
        /// May be given again and again.
        case repeatable
    }

    package enum Role: Sendable, Hashable {
        /// Says what holds: also a field of FairwayConfiguration.
        case option
        /// kube-proxy's name for what Fairway calls otherwise.
        case translated
        /// kube-proxy's; the text says why nothing comes of it here.
        case unused(String)
        /// Says what to do, or how to log; holds beside any file.
        case act
    }

    package let name: String
    package let kind: Kind
    /// As `--help` has it; nil: none.
    package let standard: ConfigurationValue?
    package let role: Role
    /// Can change while the daemon runs.
    package let isLive: Bool

    init(
        _ name: String, _ kind: Kind, _ standard: ConfigurationValue? = nil, _ role: Role = .option, live: Bool = false
    ) {
        self.name = name
        self.kind = kind
        self.standard = standard
        self.role = role
        self.isLive = live
    }

    /// The name of its field in a FairwayConfiguration: `--cluster-cidr` is `clusterCidr`.
    package var fieldName: String {
        let words = name.split(separator: "-")
        return (words.first.map(String.init) ?? "") + words.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }

    package var unused: String? { if case .unused(let why) = role { why } else { nil } }

    /// By name; nil when `run` has no such flag.
    package static func named(_ name: some StringProtocol) -> RunFlag? { byName[String(name)] }

    private static let byName = Dictionary(all.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
}
