internal import Glibc
package import KubernetesModel
package import LinuxSystem

/// `dns-objects.jsonl` in the state folder: what names were made of, so that a start can answer before its source does.
///
/// One JSON object a line, the last of an object counts; the first line is the version. A change appends its lines, so
/// that it costs what it changes; when most lines are outdated the file is written anew beside the old one and renamed
/// over it. A crash leaves at worst half a last line, which is dropped. Whoever renamed last owns the file: a process
/// whose successor has written it writes no more.
package struct ObjectStateFile: ~Copyable, Sendable {
    private let directory: String
    private var lineCount = 0
    private var liveCount = 0
    /// The file this process wrote; nil before its first write.
    private var identity: FileStamp.Identity?
    private var isSucceeded = false

    /// Outdated lines that are always tolerated, beside as many as there are objects: some 300 KB.
    static let outdatedLineLimit = 1_000
    /// Bytes that are read: a million Services with five endpoints each. What is larger counts as damaged.
    static let sizeLimit = 1 << 30
    /// Bytes that are gathered before they are written.
    private static let pieceBytes = 1 << 18
    static let version = 1
    /// Damaged files kept for an operator to look at; the last name is reused.
    static let damagedFileLimit = 9

    private var path: String { directory + "/dns-objects.jsonl" }

    /// Touches nothing yet.
    package init(directory: String) { self.directory = directory }

    /// What an earlier process left; never a failure. A file that is damaged or of another version is set aside as
    /// `dns-objects.jsonl.damaged-N`.
    package static func read(directory: String) -> ObjectState {
        ObjectStateFile(directory: directory).read()
    }

    private func read() -> ObjectState {
        var state = ObjectState()
        let read: [UInt8]?
        do throws(Errno) {
            state.writtenAt = Int64(try FileStamp(path).modified.seconds)
            read = try StateFolderFile.read(path, limit: Self.sizeLimit)
        } catch {
            if error != .noEntry { state.warnings.append("\(path): \(error): nothing is known until the source has told") }
            return state
        }
        guard let bytes = read else {
            state.warnings.append(setAside("no file"))
            return state
        }
        if let end = bytes.lastIndex(of: 0x0A), end < bytes.count - 1 {
            state.warnings.append("\(path): its last line was not written to the end: what changed last is not known until the source has told")
        }
        switch Self.parse(bytes) {
        case .success(let objects): state.objects = objects
        case .failure(let damage): state.warnings.append(setAside(damage.reason))
        }
        return state
    }

    struct Damage: Error { var reason: String }

    private static func parse(_ bytes: [UInt8]) -> Result<[KubernetesObject], Damage> {
        let userInfo: [CodingUserInfoKey: any Sendable] = [StringInterner.key: StringInterner()]
        var objects: [ObjectReference: KubernetesObject] = [:]
        // Without its line end, the last line was not written to its end.
        guard let end = bytes.lastIndex(of: 0x0A), bytes.count < sizeLimit else {
            return .failure(Damage(reason: bytes.isEmpty ? "empty" : "damaged"))
        }
        for (number, line) in bytes[...end].split(separator: 0x0A).enumerated() {
            switch ObjectStateLine.parse(Array(line), userInfo) {
            case .header(let version) where number == 0:
                guard version == Self.version else {
                    return .failure(Damage(reason: "of version \(version), this one reads \(Self.version)"))
                }
            case .object(let object) where number > 0: objects[object.reference] = object
            case .deletion(let reference) where number > 0: objects[reference] = nil
            default: return .failure(Damage(reason: "damaged at line \(number + 1)"))
            }
        }
        return .success(Array(objects.values))
    }

    /// Remembers what changed; nil is an object that is gone. `all` is asked for only when the file is written anew.
    ///
    /// - Throws: when the folder refuses; what was there stays as it was.
    package mutating func save(
        _ changes: [(reference: ObjectReference, object: KubernetesObject?)],
        all: () -> [KubernetesObject]
    ) throws(SystemError) {
        guard !isSucceeded, !changes.isEmpty else { return }
        if let identity {
            guard (try? FileStamp(path))?.identity == identity else {
                isSucceeded = true
                return
            }
            if lineCount + changes.count <= 2 * liveCount + Self.outdatedLineLimit {
                let lines = changes.compactMap { $0.object.map { ObjectStateLine.text($0) } ?? ObjectStateLine.deletion($0.reference) }
                // Half a line left by a full disk must not be appended to.
                let known = lineCount
                lineCount = .max / 2
                try append(lines)
                lineCount = known + lines.count
                return
            }
        }
        try rewrite(all())
    }

    private func append(_ lines: [String]) throws(SystemError) {
        try attempting("append to \(path)") { () throws(Errno) in
            let file = try FileDescriptor(opening: path, flags: O_WRONLY | O_APPEND)
            try file.writeAll(Array(lines.joined().utf8))
            try syscall("fdatasync") { fdatasync(file.rawValue) }
        }
    }

    private mutating func rewrite(_ objects: [KubernetesObject]) throws(SystemError) {
        // SAFETY: the C string lives for the call.
        if unsafe mkdir(directory, 0o755) != 0, errno != EEXIST { throw SystemError("make folder \(directory)", .current) }
        var count = 0
        try attempting("write \(path)") { () throws(Errno) in
            try StateFolderFile.replace(path, in: directory, mode: 0o600) { (file) throws(Errno) in
                var piece = Array("{\"fairwayObjects\":\(Self.version)}\n".utf8)
                for object in objects {
                    guard let line = ObjectStateLine.text(object) else { continue }
                    count += 1
                    piece += line.utf8
                    guard piece.count > Self.pieceBytes else { continue }
                    try file.writeAll(piece)
                    piece.removeAll(keepingCapacity: true)
                }
                try file.writeAll(piece)
            }
            identity = try FileStamp(path).identity
        }
        liveCount = count
        lineCount = count + 1
    }

    private func setAside(_ reason: String) -> String {
        StateFolderFile.setAside(
            path, reason: reason, limit: Self.damagedFileLimit, consequence: "nothing is known until the source has told")
    }
}
