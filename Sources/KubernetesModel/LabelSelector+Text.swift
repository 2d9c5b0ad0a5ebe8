/// Why a selector's text was refused.
public struct LabelSelectorSyntaxError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The requirement that does not parse, as written.
    public let requirement: String
    /// What is wrong with it.
    public let reason: String

    /// `label selector "a==b==c": ...`
    public var description: String { "label selector \"\(requirement)\": \(reason)" }
}

extension LabelSelector {
    /// Parses what `kubectl -l` takes: `a=b`, `a==b`, `a!=b`, `a in (b, c)`, `a notin (b, c)`, `a`, `!a`,
    /// joined by commas. An empty text matches everything.
    ///
    /// - Throws: the first requirement that does not parse, or whose key or value is no label's.
    public init(parsing text: String) throws(LabelSelectorSyntaxError) {
        self.init()
        guard !text.trimmingASCIISpace.isEmpty else { return }
        for part in Self.requirements(of: text) {
            matchExpressions.append(try Self.requirement(part))
        }
    }

    /// The parts between commas that stand outside parentheses.
    private static func requirements(of text: String) -> [String] {
        var parts: [String] = []
        var part = ""
        var depth = 0
        for character in text {
            if character == "," && depth == 0 {
                parts.append(part)
                part = ""
                continue
            }
            if character == "(" { depth += 1 }
            if character == ")" { depth -= 1 }
            part.append(character)
        }
        return parts + [part]
    }

    private static func requirement(_ text: String) throws(LabelSelectorSyntaxError) -> Requirement {
        let part = String(text.trimmingASCIISpace)
        let requirement: Requirement
        if part.hasPrefix("!") {
            requirement = Requirement(key: trimmed(part.dropFirst()), operator: .doesNotExist)
        } else if part.hasSuffix(")"), let open = part.firstIndex(of: "(") {
            requirement = try set(part, open: open)
        } else if let sign = part.firstIndex(of: "=") {
            let isNegated = part[..<sign].last == "!"
            let isDoubled = part[part.index(after: sign)...].first == "="
            requirement = Requirement(
                key: trimmed(part[..<sign].dropLast(isNegated ? 1 : 0)), operator: isNegated ? .notIn : .in,
                values: [trimmed(part[part.index(after: sign)...].dropFirst(isDoubled && !isNegated ? 1 : 0))])
        } else {
            requirement = Requirement(key: part, operator: .exists)
        }
        if let why = NameSyntax.qualifiedName(requirement.key) {
            throw LabelSelectorSyntaxError(requirement: part, reason: "key \"\(requirement.key)\": \(why)")
        }
        for value in requirement.values {
            guard let why = NameSyntax.labelValue(value) else { continue }
            throw LabelSelectorSyntaxError(requirement: part, reason: "value \"\(value)\": \(why)")
        }
        return requirement
    }

    private static func set(
        _ part: String, open: String.Index
    ) throws(LabelSelectorSyntaxError) -> Requirement {
        let words = part[..<open].split(separator: " ")
        guard words.count == 2, words[1] == "in" || words[1] == "notin" else {
            throw LabelSelectorSyntaxError(
                requirement: part, reason: "must read `key in (a, b)` or `key notin (a, b)`")
        }
        let values = part[part.index(after: open)...].dropLast()
            .split(separator: ",", omittingEmptySubsequences: false).map(trimmed)
        return Requirement(key: String(words[0]), operator: words[1] == "in" ? .in : .notIn, values: values)
    }

    private static func trimmed(_ text: Substring) -> String { String(String(text).trimmingASCIISpace) }
}
