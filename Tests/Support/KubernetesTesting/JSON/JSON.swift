/// A JSON value that keeps every field it was read with, in its order.
package indirect enum JSON: Sendable, Hashable {
    case null
    case bool(Bool)
    case integer(Int64)
    case double(Double)
    case string(String)
    case array([JSON])
    case object(JSONObject)

    package static let emptyObject = JSON.object(JSONObject())

    package var object: JSONObject? { if case .object(let value) = self { value } else { nil } }
    package var array: [JSON]? { if case .array(let value) = self { value } else { nil } }
    package var string: String? { if case .string(let value) = self { value } else { nil } }
    package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    package var integer: Int64? {
        switch self {
        case .integer(let value): value
        case .double(let value): Int64(exactly: value)
        default: nil
        }
    }
    package var isNull: Bool { self == .null }

    /// A member of an object; nil for what has none. Setting nil removes it; setting one of a value that is no object makes
    /// it one.
    package subscript(key: String) -> JSON? {
        get { object?[key] }
        set {
            var members = object ?? JSONObject()
            members[key] = newValue
            self = .object(members)
        }
    }

    /// A member of a member: `["spec", "clusterIP"]`. Setting makes the objects in between.
    package subscript(path: [String]) -> JSON? {
        get { path.reduce(Optional(self)) { $0?[$1] } }
        set {
            guard let first = path.first else { return }
            if path.count == 1 {
                self[first] = newValue
                return
            }
            let rest = Array(path.dropFirst())
            if self[first] == nil, newValue == nil { return }
            var member = self[first] ?? .emptyObject
            member[rest] = newValue
            self[first] = member
        }
    }
}

/// The members of an object, in the order they were written. Objects of the API have few: a search is a walk.
package struct JSONObject: Sendable, Hashable {
    package private(set) var members: [(key: String, value: JSON)] = []

    package init() {}

    package init(_ members: [(key: String, value: JSON)]) {
        for member in members { self[member.key] = member.value }
    }

    /// Of distinct keys, as a parser or another object has them.
    init(distinct members: [(key: String, value: JSON)]) { self.members = members }

    package var isEmpty: Bool { members.isEmpty }
    package var keys: [String] { members.map(\.key) }

    package subscript(key: String) -> JSON? {
        get { members.first { $0.key == key }?.value }
        set {
            let index = members.firstIndex { $0.key == key }
            switch (index, newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append((key, value))
            case (nil, nil): break
            }
        }
    }

    /// The order of members is no part of their meaning.
    package static func == (a: JSONObject, b: JSONObject) -> Bool {
        guard a.members.count == b.members.count else { return false }
        for (left, right) in zip(a.members, b.members) where left.key != right.key || left.value != right.value {
            return a.members.allSatisfy { b[$0.key] == $0.value }
        }
        return true
    }

    package func hash(into hasher: inout Hasher) {
        for member in members.sorted(by: { $0.key < $1.key }) {
            hasher.combine(member.key)
            hasher.combine(member.value)
        }
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(arrayLiteral elements: JSON...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(JSONObject(elements.map { (key: $0.0, value: $0.1) }))
    }
}

extension JSON: CustomStringConvertible {
    package var description: String { String(decoding: bytes, as: UTF8.self) }
}
