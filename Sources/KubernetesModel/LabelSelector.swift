/// `metav1.LabelSelector`: every label and every expression must hold. An empty one matches everything.
public struct LabelSelector: Sendable, Hashable {
    public enum Operator: String, Sendable, Hashable, CaseIterable {
        case `in` = "In"
        /// Also holds where the key is absent.
        case notIn = "NotIn"
        case exists = "Exists"
        case doesNotExist = "DoesNotExist"
    }

    public struct Requirement: Sendable, Hashable {
        public var key: String
        public var `operator`: Operator
        /// Of In and NotIn; empty for the others.
        public var values: [String]

        public init(key: String, operator: Operator, values: [String] = []) {
            self.key = key
            self.operator = `operator`
            self.values = values
        }

        public func matches(_ labels: [String: String]) -> Bool {
            switch `operator` {
            case .in: labels[key].map(values.contains) ?? false
            case .notIn: labels[key].map { !values.contains($0) } ?? true
            case .exists: labels[key] != nil
            case .doesNotExist: labels[key] == nil
            }
        }
    }

    public var matchLabels: [String: String]
    public var matchExpressions: [Requirement]

    public init(matchLabels: [String: String] = [:], matchExpressions: [Requirement] = []) {
        self.matchLabels = matchLabels
        self.matchExpressions = matchExpressions
    }

    public func matches(_ labels: [String: String]) -> Bool {
        matchLabels.allSatisfy { labels[$0.key] == $0.value } && matchExpressions.allSatisfy { $0.matches(labels) }
    }

    /// What the API server would refuse, with paths below `path`.
    package func validate(at path: FieldPath) -> [ValidationFault] {
        var faults = FaultList()
        faults.checkLabels(matchLabels, path.appending("matchLabels"))
        for (index, requirement) in matchExpressions.enumerated() {
            requirement.validate(&faults, path.appending("matchExpressions").appending(index))
        }
        return faults.faults
    }
}

extension LabelSelector.Requirement {
    fileprivate func validate(_ faults: inout FaultList, _ path: FieldPath) {
        faults.check(key, NameSyntax.qualifiedName, path.appending("key"))
        switch `operator` {
        case .in, .notIn:
            if values.isEmpty {
                faults.add(
                    path.appending("values"),
                    Phrase.required("must be specified when `operator` is 'In' or 'NotIn'"))
            }
        case .exists, .doesNotExist:
            if !values.isEmpty {
                faults.add(
                    path.appending("values"),
                    Phrase.forbidden("may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
            }
        }
        for (index, value) in values.enumerated() {
            faults.check(value, NameSyntax.labelValue, path.appending("values").appending(index))
        }
    }
}

extension ServiceSpec {
    /// The selector selects an object with these labels. An empty selector selects nothing: such a
    /// Service's endpoints are written by someone else.
    public func selects(_ labels: [String: String]) -> Bool {
        !selector.isEmpty && selector.allSatisfy { labels[$0.key] == $0.value }
    }
}

extension LabelSelector: Codable {
    private enum Field: String, CodingKey { case matchLabels, matchExpressions }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Field.self)
        self.init(
            matchLabels: try container.decodeIfPresent([String: String].self, forKey: .matchLabels) ?? [:],
            matchExpressions: try container.list(.matchExpressions))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Field.self)
        try container.encodeUnlessEmpty(matchLabels, .matchLabels)
        try container.encodeUnlessEmpty(matchExpressions, .matchExpressions)
    }
}

extension LabelSelector.Requirement: Codable {
    private enum Field: String, CodingKey { case key, `operator`, values }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Field.self)
        guard let symbol = try container.choice(.operator, of: LabelSelector.Operator.self) else {
            throw container.fault(.operator, Phrase.required)
        }
        self.init(key: try container.string(.key), operator: symbol, values: try container.list(.values))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Field.self)
        try container.encode(key, forKey: .key)
        try container.encode(`operator`.rawValue, forKey: .operator)
        try container.encodeUnlessEmpty(values, .values)
    }
}
