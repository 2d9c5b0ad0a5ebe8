/// What a field of a configuration is set to.
package indirect enum ConfigurationValue: Sendable, Hashable {
    case bool(Bool)
    case integer(Int)
    case number(Double)
    /// Durations are texts as Go prints them, so that equal ones are equal.
    case text(String)
    case list([ConfigurationValue])
    case map([String: ConfigurationValue])

    package static func texts(_ texts: [String]) -> ConfigurationValue { .list(texts.map { .text($0) }) }

    package var text: String? { if case .text(let text) = self { text } else { nil } }
    package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    package var integer: Int? { if case .integer(let value) = self { value } else { nil } }
    /// The texts of a list; empty for other values.
    package var texts: [String] { if case .list(let values) = self { values.compactMap(\.text) } else { [] } }
    package var duration: Duration? { text.flatMap(GoDuration.parse) }

    /// As a flag takes it: lists with commas.
    package var flagText: String {
        switch self {
        case .bool(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .number(let value): value == value.rounded() && value.magnitude < 1e15 ? "\(Int(value))" : "\(value)"
        case .text(let text): text
        case .list(let values): values.map(\.flagText).joined(separator: ",")
        case .map(let entries): entries.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.flagText)" }.joined(separator: ",")
        }
    }
}

extension ConfigurationValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByArrayLiteral
{
    package init(stringLiteral value: String) { self = .text(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(integerLiteral value: Int) { self = .integer(value) }
    package init(floatLiteral value: Double) { self = .number(value) }
    package init(arrayLiteral elements: ConfigurationValue...) { self = .list(elements) }
}
