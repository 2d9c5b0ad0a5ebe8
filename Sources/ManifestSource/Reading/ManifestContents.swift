package import KubernetesModel

/// An object and where it was written.
///
/// A class, so that the tables of the tracker hold a reference each and share the object.
package final class LocatedObject: Sendable {
    package let object: KubernetesObject
    package let path: String
    let position: TextPosition

    init(_ object: KubernetesObject, path: String, position: TextPosition) {
        self.object = object
        self.path = path
        self.position = position
    }

    var reference: ObjectReference { object.reference }

    /// `path:line:column`.
    var place: String { "\(path):\(position.line):\(position.column)" }

    func fault(_ message: String) -> FileFault {
        FileFault(
            path: path, line: Int(position.line), column: Int(position.column), message: "\(reference): \(message)")
    }

    /// Where it stands among all manifests: by path, then by place in the file.
    static func precedes(_ a: LocatedObject, _ b: LocatedObject) -> Bool {
        a.path == b.path ? a.position < b.position : a.path < b.path
    }
}

/// What one file holds.
package struct ManifestContents: Sendable {
    package var objects: [LocatedObject] = []
    package var faults: [FileFault] = []
    /// Objects of the file that are wrong, as far as their names could be read.
    package var badReferences: Set<ObjectReference> = []
    /// Something in the file could not be read far enough to know which objects it holds.
    package var isIncomplete = false
    /// The file is not there: its objects are gone, and yet nobody knows which it will hold.
    package var isMissing = false
    /// Objects of kinds that Fairway does not use, by kind.
    package var skippedKinds: [String: Int] = [:]

    package init() {}

    /// What stands for a file that could not be read at all.
    init(unreadable fault: FileFault, isMissing: Bool = false) {
        faults = [fault]
        isIncomplete = true
        self.isMissing = isMissing
    }

    mutating func add(_ fault: FileFault) {
        if faults.count < ManifestLimits.faultsPerFile {
            faults.append(fault)
        } else if faults.count == ManifestLimits.faultsPerFile {
            faults.append(
                FileFault(path: fault.path, message: "more than \(ManifestLimits.faultsPerFile) faults, the rest is not shown"))
        }
    }
}

extension ManifestContents {
    /// Reads the text of a manifest, JSON if it begins with `{` or `[`, else YAML. What stands behind a line `---` is YAML in
    /// any case.
    package init(path: String, bytes: [UInt8], interner: StringInterner = StringInterner(), contents: ObjectContents = .all) {
        var sink = ObjectSink(path: path, interner: interner, wanted: contents)
        do throws(SyntaxFault) {
            try Self.read(bytes, into: &sink)
        } catch {
            sink.addSyntaxFault(error)
        }
        self = sink.contents
    }

    /// Hands every document of a text to the sink. What was read before a fault has been handed over.
    static func read(_ bytes: [UInt8], into sink: inout some DocumentSink) throws(SyntaxFault) {
        guard isJSON(bytes) else { return try YAMLReader.read(bytes, into: &sink) }
        var reader = JSONReader(bytes: bytes)
        if let rest = try reader.read(into: &sink) {
            // Lines are counted from the beginning of the file.
            let lines = bytes[..<rest].count { $0 == 0x0A }
            try YAMLReader.read([UInt8](repeating: 0x0A, count: lines) + bytes[rest...], into: &sink)
        }
    }

    private static func isJSON(_ bytes: [UInt8]) -> Bool {
        let text = bytes.starts(with: ByteOrderMark.utf8) ? bytes.dropFirst(ByteOrderMark.utf8.count) : bytes[...]
        let first = text.first { $0 != 0x20 && !(9...13).contains($0) }
        return first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
    }
}
