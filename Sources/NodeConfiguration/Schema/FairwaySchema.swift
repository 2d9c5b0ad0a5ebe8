extension ConfigurationSchema {
    /// Fairway's own configuration: every option of `fairway run` by its flag's name, `--cluster-cidr` as `clusterCidr`.
    package static let fairway = ConfigurationSchema(
        apiVersion: "fairway.dev/v1alpha1", kind: "FairwayConfiguration",
        fields: RunFlag.all.filter { $0.role == .option || $0.role == .translated || RunFlag.verbosityNames.contains($0.name) }.map(\.field))
}

extension RunFlag {
    /// How much is logged: a field, and a flag that goes before it.
    package static let verbosityNames: Set<String> = ["verbose", "verbosity"]

    fileprivate var field: ConfigurationField {
        let kind: ConfigurationField.Kind =
            switch self.kind {
            case .toggle: .bool
            case .text: .text
            case .integer: .integer
            case .number: .number
            case .duration: .duration
            case .list: .commaList
            case .repeatable: .texts
            }
        return ConfigurationField(
            fieldName, kind, standard.map(Self.canonical(kind)) ?? Self.none(kind), flag: name, hasStandard: standard != nil)
    }

    private static func canonical(_ kind: ConfigurationField.Kind) -> (ConfigurationValue) -> ConfigurationValue {
        { kind == .duration ? $0.duration.map { .text(GoDuration.text($0)) } ?? $0 : $0 }
    }

    /// What stands for a field without a default.
    private static func none(_ kind: ConfigurationField.Kind) -> ConfigurationValue {
        switch kind {
        case .bool: false
        case .integer: 0
        case .number: 0.0
        case .texts: []
        default: ""
        }
    }
}
