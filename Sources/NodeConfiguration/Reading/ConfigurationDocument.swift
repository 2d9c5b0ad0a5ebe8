package import ManifestSource

/// A configuration file that was read: what it sets, and where.
package struct ConfigurationDocument: Sendable {
    package struct Place: Sendable, Hashable {
        package let line: Int
        package let column: Int
    }

    package let schema: ConfigurationSchema
    package let path: String
    /// What the file sets, by the path of the field.
    package private(set) var values: [String: ConfigurationValue]
    private var places: [String: Place]
    /// Fields that nobody knows, and those given twice; the last of two holds.
    package let strayFaults: [FileFault]

    /// - Parameter values: what is set; what the schema does not know is a mistake of the caller.
    package init(
        schema: ConfigurationSchema, path: String = "", values: [String: ConfigurationValue] = [:],
        places: [String: Place] = [:], strayFaults: [FileFault] = []
    ) {
        precondition(values.keys.allSatisfy { schema[$0] != nil })
        self.schema = schema
        self.path = path
        self.values = values
        self.places = places
        self.strayFaults = strayFaults
    }

    /// What is in force: what the file sets, else the default.
    package subscript(_ field: String) -> ConfigurationValue {
        guard let known = schema[field] else { preconditionFailure("\(schema.kind) has no field \(field)") }
        return setting(field) ?? known.standard
    }

    /// What the file sets; nil also for what only stands for the default.
    package func setting(_ field: String) -> ConfigurationValue? {
        guard let value = values[field] else { return nil }
        return schema[field]?.isDefaultedWhenEmpty == true && value.isEmpty ? nil : value
    }

    /// Sets a field, as a flag does that goes before the file.
    package mutating func set(_ field: String, to value: ConfigurationValue) { values[field] = value }

    /// A fault shown at a field, or at the file when the field is not there.
    package func fault(_ field: String, _ message: String) -> FileFault {
        let place = places[field]
        return FileFault(
            path: path, line: place?.line ?? 0, column: place?.column ?? 0, message: "\(field): \(message)")
    }

    /// As `line 3: unknown field "mod"`.
    package var strayFields: [String] { strayFaults.map { "line \($0.line): \($0.message)" } }

    /// One line about what is in the file and known to nobody, nil when there is nothing.
    package var strayWarning: String? {
        strayFields.isEmpty
            ? nil
            : "\(path): not read as strictly as it should be: \(strayFields.joined(separator: ", ")): passed over"
    }
}

extension ConfigurationValue {
    /// Zero, off, or nothing at all.
    var isEmpty: Bool {
        switch self {
        case .bool(let value): !value
        case .integer(let value): value == 0
        case .number(let value): value == 0
        case .text(let text): text.isEmpty || GoDuration.parse(text) == .zero
        case .list(let values): values.allSatisfy(\.isEmpty)
        case .map(let entries): entries.values.allSatisfy(\.isEmpty)
        }
    }
}

extension ConfigurationDocument {
    /// Reads a configuration of any known kind: YAML, or JSON.
    ///
    /// - Throws: everything that keeps it from being used, with line and column; unknown fields do not.
    package init(_ bytes: [UInt8], path: String) throws(ConfigurationFaults) {
        let documents: [LocatedValue]
        do throws(FileFault) {
            documents = try LocatedValue.documents(bytes, path: path)
        } catch {
            throw ConfigurationFaults([error])
        }
        guard let document = documents.first else {
            throw ConfigurationFaults([FileFault(path: path, message: "the file is empty: expected a configuration")])
        }
        if documents.count > 1 {
            throw ConfigurationFaults([
                FileFault(
                    path: path, line: documents[1].line, column: documents[1].column,
                    message: "a second document begins here; expected one configuration")
            ])
        }
        var reader = ConfigurationReader(path: path)
        self = try reader.read(document)
    }
}
