internal import ManifestSource

/// Turns a document's values into those of a schema's fields.
struct ConfigurationReader {
    let path: String
    private var faults: [FileFault] = []
    private var values: [String: ConfigurationValue] = [:]
    private var places: [String: ConfigurationDocument.Place] = [:]
    private var strayFaults: [FileFault] = []

    init(path: String) { self.path = path }

    mutating func read(_ document: LocatedValue) throws(ConfigurationFaults) -> ConfigurationDocument {
        guard case .map(let entries) = document.content else {
            throw ConfigurationFaults([fault(document, "a configuration must be a map of fields, found \(document.noun)")])
        }
        let schema = try schema(of: entries, in: document)
        readFields(entries.filter { $0.key != "apiVersion" && $0.key != "kind" }, below: "", of: schema)
        if !faults.isEmpty { throw ConfigurationFaults(faults) }
        return ConfigurationDocument(schema: schema, path: path, values: values, places: places, strayFaults: strayFaults)
    }

    private func schema(
        of entries: [LocatedValue.Entry], in document: LocatedValue
    ) throws(ConfigurationFaults) -> ConfigurationSchema {
        func text(_ key: String) -> (text: String, at: LocatedValue) {
            guard let value = entries.last(where: { $0.key == key })?.value else { return ("", document) }
            if case .text(let text) = value.content { return (text, value) }
            return ("", value)
        }
        let (version, kind) = (text("apiVersion"), text("kind"))
        if let schema = ConfigurationSchema.all.first(where: { $0.apiVersion == version.text && $0.kind == kind.text }) {
            return schema
        }
        let known = ConfigurationSchema.all.map { "\($0.kind) (\($0.apiVersion))" }.joined(separator: " or ")
        guard !kind.text.isEmpty else { throw ConfigurationFaults([fault(kind.at, "kind: Required value: expected \(known)")]) }
        if let schema = ConfigurationSchema.all.first(where: { $0.kind == kind.text }) {
            throw ConfigurationFaults([
                fault(version.at, "apiVersion \"\(version.text)\": a \(schema.kind) is read in version \(schema.apiVersion)")
            ])
        }
        throw ConfigurationFaults([fault(kind.at, "kind \"\(kind.text)\" (\(version.text)): expected \(known)")])
    }

    private mutating func readFields(_ entries: [LocatedValue.Entry], below parent: String, of schema: ConfigurationSchema) {
        var seen: Set<String> = []
        for entry in entries {
            let name = parent.isEmpty ? entry.key : "\(parent).\(entry.key)"
            if !seen.insert(entry.key).inserted {
                addStray(entry, "field \"\(name)\" is given twice, the last holds")
            }
            if let field = schema[name] {
                read(entry, as: field)
            } else if schema.isGroup(name) {
                readGroup(entry, name, of: schema)
            } else {
                let hint = schema.similar(to: name).map { " (\($0) is one)" } ?? ""
                addStray(entry, "unknown field \"\(name)\"\(hint)")
            }
        }
    }

    private mutating func addStray(_ entry: LocatedValue.Entry, _ message: String) {
        strayFaults.append(FileFault(path: path, line: entry.line, column: entry.column, message: message))
    }

    private mutating func readGroup(_ entry: LocatedValue.Entry, _ name: String, of schema: ConfigurationSchema) {
        switch entry.value.content {
        case .null: break
        case .map(let entries): readFields(entries, below: name, of: schema)
        default: faults.append(fault(entry.value, "\(name): expected a map of fields, found \(entry.value.noun)"))
        }
    }

    private mutating func read(_ entry: LocatedValue.Entry, as field: ConfigurationField) {
        places[field.path] = ConfigurationDocument.Place(line: entry.value.line, column: entry.value.column)
        values[field.path] = nil
        // null is as good as no field.
        if case .null = entry.value.content { return }
        do throws(FieldMismatch) {
            values[field.path] = try field.kind.value(of: entry.value)
        } catch {
            faults.append(fault(error.at ?? entry.value, "\(field.path)\(error.item): \(error.message)"))
        }
    }

    private func fault(_ value: LocatedValue, _ message: String) -> FileFault {
        FileFault(path: path, line: value.line, column: value.column, message: message)
    }
}

/// A value that is not of its field's kind.
struct FieldMismatch: Error {
    var message: String
    /// The part of the value that is wrong, when it is not the whole.
    var at: LocatedValue?
    /// What is added to the name of the field, as `[2]`.
    var item = ""
}

extension ConfigurationField.Kind {
    private var noun: String {
        switch self {
        case .text: "a string"
        case .bool: "a boolean"
        case .integer: "a whole number"
        case .number: "a number"
        case .duration: "a duration as a string, such as 30s or 1h30m"
        case .texts, .commaList: "a list of strings"
        case .switches: "a map of booleans"
        case .structure: "a value"
        }
    }

    func value(of located: LocatedValue) throws(FieldMismatch) -> ConfigurationValue {
        switch (self, located.content) {
        case (.text, .text(let text)), (.commaList, .text(let text)): return .text(text)
        case (.bool, .bool(let value)): return .bool(value)
        case (.integer, .number(let text)):
            // Fields of Kubernetes are int32.
            guard let value = Int32(text) else {
                throw FieldMismatch(message: "Invalid value: \(text): must be a whole number from \(Int32.min) to \(Int32.max)")
            }
            return .integer(Int(value))
        case (.number, .number(let text)):
            guard let value = Double(text), value.isFinite else {
                throw FieldMismatch(message: "Invalid value: \(text): must be a number")
            }
            return .number(value)
        case (.duration, .text(let text)):
            guard let duration = GoDuration.parse(text) else {
                throw FieldMismatch(message: "Invalid value: \"\(text)\": must be a duration, such as 30s or 1h30m")
            }
            return .text(GoDuration.text(duration))
        case (.texts, .list(let items)): return .texts(try Self.texts(items))
        case (.commaList, .list(let items)): return .text(try Self.texts(items).joined(separator: ","))
        case (.switches, .map(let entries)): return .map(try Self.switches(entries))
        case (.structure, _): return ConfigurationValue(located)
        default: throw FieldMismatch(message: "expected \(noun), found \(located.noun)")
        }
    }

    private static func texts(_ items: [LocatedValue]) throws(FieldMismatch) -> [String] {
        var texts: [String] = []
        for (index, item) in items.enumerated() {
            guard case .text(let text) = item.content else {
                throw FieldMismatch(message: "expected a string, found \(item.noun)", at: item, item: "[\(index)]")
            }
            texts.append(text)
        }
        return texts
    }

    private static func switches(_ entries: [LocatedValue.Entry]) throws(FieldMismatch) -> [String: ConfigurationValue] {
        var result: [String: ConfigurationValue] = [:]
        for entry in entries {
            guard case .bool(let value) = entry.value.content else {
                throw FieldMismatch(
                    message: "expected a boolean, found \(entry.value.noun)", at: entry.value, item: ".\(entry.key)")
            }
            result[entry.key] = .bool(value)
        }
        return result
    }
}

extension ConfigurationValue {
    /// Whatever it is; nothing becomes an empty text.
    init(_ located: LocatedValue) {
        switch located.content {
        case .null: self = .text("")
        case .bool(let value): self = .bool(value)
        case .number(let text): self = Int(text).map { .integer($0) } ?? Double(text).map { .number($0) } ?? .text(text)
        case .text(let text): self = .text(text)
        case .list(let items): self = .list(items.map { ConfigurationValue($0) })
        case .map(let entries):
            self = .map(Dictionary(entries.map { ($0.key, ConfigurationValue($0.value)) }, uniquingKeysWith: { $1 }))
        }
    }
}
