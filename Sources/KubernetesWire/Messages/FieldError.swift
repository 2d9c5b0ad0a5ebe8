internal import KubernetesModel

/// A field of a message whose value the model refuses: where, and what the API server would say.
struct FieldError: Error {
    /// From the field up to the object.
    private var path: [FieldPath.Component]
    var message: String

    init(_ key: String, _ message: String) {
        path = [.key(key)]
        self.message = message
    }

    init(_ key: String, index: Int, _ message: String) {
        path = [.index(index), .key(key)]
        self.message = message
    }

    /// The message itself cannot be read.
    init(malformed error: any Error) {
        path = []
        message = "no protobuf of its kind: \(error)"
    }

    /// The same, seen from what holds the message in this field.
    func under(_ key: String, index: Int? = nil) -> FieldError {
        var error = self
        if let index { error.path.append(.index(index)) }
        error.path.append(.key(key))
        return error
    }

    var fault: ValidationFault { ValidationFault(path: FieldPath(path.reversed()), message: message) }
}
