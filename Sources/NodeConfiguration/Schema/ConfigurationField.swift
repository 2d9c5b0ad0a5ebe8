/// A field that a kind of configuration has.
package struct ConfigurationField: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        case text
        case bool
        case integer
        case number
        /// A text in Go's form.
        case duration
        /// A list of texts.
        case texts
        /// A list of texts, or one text with commas.
        case commaList
        /// Names with a boolean each.
        case switches
        /// Kept as it is written.
        case structure
    }

    /// With dots between, as `iptables.masqueradeBit`.
    package let path: String
    package let kind: Kind
    package let standard: ConfigurationValue
    /// False: the default is that nothing is said, and `standard` only stands for it.
    let hasStandard: Bool
    /// The flag of `fairway run` that says the same; nil: nothing here comes of the field.
    package let flag: String?
    /// A zero or an empty text is no value of its own: it stands for the default, as in Kubernetes' own defaulting.
    package let isDefaultedWhenEmpty: Bool
    /// Why nothing comes of the field, as a sentence goes on after its name.
    package let unused: String?

    init(
        _ path: String, _ kind: Kind, _ standard: ConfigurationValue, flag: String? = nil, emptyIsDefault: Bool = false,
        unused: String? = nil, hasStandard: Bool = true
    ) {
        self.hasStandard = hasStandard
        self.path = path
        self.kind = kind
        self.standard = standard
        self.flag = flag
        self.isDefaultedWhenEmpty = emptyIsDefault
        self.unused = unused
    }

    var components: [Substring] { path.split(separator: ".") }
}

/// The fields of a kind of configuration.
package struct ConfigurationSchema: Sendable {
    package let apiVersion: String
    package let kind: String
    /// In the order they are written in.
    package let fields: [ConfigurationField]
    private let byPath: [String: ConfigurationField]
    private let groups: Set<String>

    init(apiVersion: String, kind: String, fields: [ConfigurationField]) {
        self.apiVersion = apiVersion
        self.kind = kind
        self.fields = fields
        byPath = Dictionary(fields.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
        groups = Set(
            fields.flatMap { field in
                field.components.indices.dropFirst().map { field.components[..<$0].joined(separator: ".") }
            })
    }

    package subscript(_ path: String) -> ConfigurationField? { byPath[path] }

    /// Fields have paths below this one.
    func isGroup(_ path: String) -> Bool { groups.contains(path) }

    /// What somebody who wrote this may have meant: the same name but for its case.
    func similar(to path: String) -> String? {
        let wanted = path.lowercased()
        return (fields.map(\.path) + groups).first { $0.lowercased() == wanted }
    }

    /// Every kind of configuration that is read.
    package static let all: [ConfigurationSchema] = [.kubeProxy, .fairway]
}
