/// `metav1.LabelSelector`: every label and every expression must hold. An empty one matches everything.
public struct LabelSelector: Sendable, Hashable {
    /// How the values of a requirement relate to the label.
    public enum Operator: String, Sendable, Hashable, CaseIterable {
        case `in` = "In"
        /// Also holds where the key is absent.
        case notIn = "NotIn"
        case exists = "Exists"
        case doesNotExist = "DoesNotExist"
    }

    /// One condition on one key.
    public struct Requirement: Sendable, Hashable {
        /// The label key.
        public var key: String
        public var `operator`: Operator
        /// Of In and NotIn; empty for the others.
        public var values: [String]

        /// A requirement on one key.
        public init(key: String, operator: Operator, values: [String] = []) {
            self.key = key
            self.operator = `operator`
            self.values = values
        }

        /// An object with these labels meets every condition.
        public func matches(_ labels: [String: String]) -> Bool {
            switch `operator` {
            case .in: labels[key].map(values.contains) ?? false
            case .notIn: labels[key].map { !values.contains($0) } ?? true
            case .exists: labels[key] != nil
            case .doesNotExist: labels[key] == nil
            }
        }
    }

    /// Keys with the value each must have.
    public var matchLabels: [String: String]
    /// Further conditions, all of which must hold.
    public var matchExpressions: [Requirement]

    /// Labels that must be equal, and further conditions.
    public init(matchLabels: [String: String] = [:], matchExpressions: [Requirement] = []) {
        self.matchLabels = matchLabels
        self.matchExpressions = matchExpressions
    }

    /// An object with these labels meets every condition.
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
