internal import Yams

/// A piece of YAML that is passed on as JSON without being understood.
enum JSONValue: Sendable, Hashable, Encodable {
    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case list([JSONValue])
    case object([String: JSONValue])

    init(_ node: Node) {
        switch node {
        case .mapping(let mapping):
            var fields: [String: JSONValue] = [:]
            for (key, value) in mapping { fields[key.scalar?.string ?? ""] = JSONValue(value) }
            self = .object(fields)
        case .sequence(let sequence): self = .list(sequence.map { JSONValue($0) })
        case .scalar(let scalar): self = JSONValue(scalar, node)
        case .alias: self = .null
        }
    }

    private init(_ scalar: Node.Scalar, _ node: Node) {
        guard scalar.style == .plain || scalar.style == .any else {
            self = .string(scalar.string)
            return
        }
        if node.null != nil { self = .null }
        else if let value = node.bool { self = .bool(value) }
        else if let value = node.int { self = .integer(value) }
        else if let value = node.float { self = .number(value) }
        else { self = .string(scalar.string) }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .list(let values): try container.encode(values)
        case .object(let fields): try container.encode(fields)
        }
    }
}
