/// One thing wrong with an object: where, and what the API server would say of it.
package struct ValidationFault: Sendable, Hashable, CustomStringConvertible {
    /// The field at fault; the object itself when empty.
    package var path: FieldPath
    /// For example `Invalid value: 70000: must be between 1 and 65535, inclusive`.
    package var message: String

    /// A fault with the message of the API server.
    package init(path: FieldPath, message: String) {
        self.path = path
        self.message = message
    }

    /// The fault that made decoding fail.
    package init(_ error: DecodingError) {
        switch error {
        case .dataCorrupted(let context):
            self.init(path: FieldPath(codingPath: context.codingPath), message: context.debugDescription)
        case .typeMismatch(let type, let context):
            self.init(
                path: FieldPath(codingPath: context.codingPath),
                message: "Invalid value: must be \(Self.name(of: type))")
        case .valueNotFound(let type, let context):
            self.init(
                path: FieldPath(codingPath: context.codingPath),
                message: "Invalid value: null: must be \(Self.name(of: type))")
        case .keyNotFound(let key, let context):
            self.init(path: FieldPath(codingPath: context.codingPath + [key]), message: Phrase.required)
        @unknown default:
            self.init(path: FieldPath(), message: String(describing: error))
        }
    }

    /// `spec.ports[1].port: Invalid value: ...`
    package var description: String {
        path.components.isEmpty ? message : "\(path): \(message)"
    }

    private static func name(of type: any Any.Type) -> String {
        switch type {
        case is String.Type: "a string"
        case is Bool.Type: "true or false"
        case is any BinaryInteger.Type: "an integer"
        case is any FieldList.Type: "a list"
        default: "a map"
        }
    }
}

/// What decodes from a list: told apart from maps in messages.
private protocol FieldList {}
extension Array: FieldList {}

/// Gathers the faults of one object.
struct FaultList {
    private(set) var faults: [ValidationFault] = []

    /// Paths are built only for what is wrong: nearly every object is right.
    mutating func add(_ path: @autoclosure () -> FieldPath, _ message: String) {
        faults.append(ValidationFault(path: path(), message: message))
    }

    /// Adds `invalid value` if a rule objects.
    mutating func check(
        _ value: String, _ rule: (String) -> String?, _ path: @autoclosure () -> FieldPath
    ) {
        if let why = rule(value) { add(path(), Phrase.invalid(value, why)) }
    }

    /// Label and selector maps: each key a qualified name, each value a label value.
    mutating func checkLabels(_ labels: [String: String], _ path: @autoclosure () -> FieldPath) {
        for (key, value) in labels {
            if let why = NameSyntax.qualifiedName(key) { add(path().appending(key), Phrase.invalid(key, why)) }
            if let why = NameSyntax.labelValue(value) { add(path().appending(key), Phrase.invalid(value, why)) }
        }
    }
}
