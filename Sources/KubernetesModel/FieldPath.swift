/// Where in an object a field lies: `spec.ports[1].nodePort`.
package struct FieldPath: Sendable, Hashable {
    /// A key of a map or an index of a list.
    package enum Component: Sendable, Hashable {
        case key(String)
        case index(Int)
    }

    /// From the top of the object down.
    package var components: [Component]

    /// A path of these components; the object itself without any.
    package init(_ components: [Component] = []) {
        self.components = components
    }

    /// A path of keys: `FieldPath("spec", "ports")`.
    package init(_ keys: String...) {
        components = keys.map(Component.key)
    }

    /// The path a decoder reports; keys with an integer value are indices.
    package init(codingPath: [any CodingKey]) {
        components = codingPath.map { key in key.intValue.map(Component.index) ?? .key(key.stringValue) }
    }

    /// The path of a field below.
    package func appending(_ key: String) -> FieldPath { FieldPath(components + [.key(key)]) }
    /// The path of an item of a list.
    package func appending(_ index: Int) -> FieldPath { FieldPath(components + [.index(index)]) }
}

extension FieldPath: CustomStringConvertible {
    /// `spec.ports[1].nodePort`; keys that hold more than letters, digits, `-` and `_` stand in
    /// brackets: `metadata.labels[example.com/tier]`.
    package var description: String {
        var text = ""
        for component in components {
            switch component {
            case .index(let index): text += "[\(index)]"
            case .key(let key):
                if key.isEmpty || !key.utf8.allSatisfy(Self.isPlain) {
                    text += "[\(key)]"
                } else {
                    text += text.isEmpty ? key : ".\(key)"
                }
            }
        }
        return text
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        NameSyntax.isAlphanumeric(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
    }
}
