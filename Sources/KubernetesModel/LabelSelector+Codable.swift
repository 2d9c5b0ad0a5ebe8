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
