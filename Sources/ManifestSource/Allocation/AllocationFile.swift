internal import Glibc
internal import KubernetesModel
internal import LinuxSystem
internal import NetworkTypes

/// `allocations.json` in the state folder: what Services were given, so that they keep it.
///
/// One JSON object a line, the last of a Service counts. A change appends its lines, so that it costs
/// what it changes; when most lines are outdated the file is written anew, beside the old one, and
/// renamed over it. A crash leaves at worst half a last line, which is dropped.
struct AllocationFile {
    typealias Slots = [AllocationSlot: AllocatedResource]

    private let directory: String
    private var lineCount = 0
    private var liveCount = 0

    /// Outdated lines that are always tolerated, beside as many as there are Services: some 100 KB.
    static let outdatedLineLimit = 1_000
    /// Bytes that are read: 300 for each of a million Services.
    static let sizeLimit = 300_000_000
    private static let header = "{\"fairwayAllocations\":1}\n"

    var path: String { directory + "/allocations.json" }

    /// Reads what an earlier run left. A damaged file is set aside as `allocations.json.damaged-N`.
    /// - Returns: the file, what it remembers, and lines for the operator; never a failure, for
    ///   allocations can be made anew.
    static func open(_ directory: String) -> (file: AllocationFile, records: [ObjectKey: Slots], warnings: [String]) {
        var file = AllocationFile(directory: directory)
        var warnings: [String] = []
        // SAFETY: the C string lives for the call.
        if unsafe mkdir(directory, 0o755) != 0, errno != EEXIST {
            warnings.append("--state-dir \(directory): \(Errno.current): addresses given to Services will not survive a restart")
        }
        let read: [UInt8]?
        do throws(Errno) {
            read = try StateFolderFile.read(file.path, limit: sizeLimit)
        } catch {
            if error != .noEntry { warnings.append("\(file.path): \(error): addresses are given anew") }
            return (file, [:], warnings)
        }
        guard let bytes = read, let records = file.parse(bytes) else {
            warnings.append(file.setAside())
            return (AllocationFile(directory: directory), [:], warnings)
        }
        return (file, records, warnings)
    }

    private init(directory: String) {
        self.directory = directory
    }

    /// Remembers what changed. `all` is asked for only when the file is written anew.
    mutating func save(
        _ changes: [(key: ObjectKey, slots: Slots?)], all: () -> [ObjectKey: Slots]
    ) throws(SystemError) {
        guard !changes.isEmpty else { return }
        let lines = changes.map { Self.line($0.key, $0.slots) }
        if lineCount > 0, lineCount + lines.count <= 2 * liveCount + Self.outdatedLineLimit {
            try append(lines)
            lineCount += lines.count
            return
        }
        let records = all().sorted { $0.key < $1.key }
        try rewrite(records.map { Self.line($0.key, $0.value) })
        liveCount = records.count
        lineCount = records.count + 1
    }

    private func append(_ lines: [String]) throws(SystemError) {
        try attempting("append to \(path)") { () throws(Errno) in
            let file = try FileDescriptor(opening: path, flags: O_WRONLY | O_APPEND | O_CREAT, mode: 0o644)
            try file.writeAll(Array(lines.joined().utf8))
            try syscall("fdatasync") { fdatasync(file.rawValue) }
        }
    }

    private func rewrite(_ lines: [String]) throws(SystemError) {
        try attempting("write \(path)") { () throws(Errno) in
            try StateFolderFile.replace(path, in: directory, mode: 0o644) { (file) throws(Errno) in
                try file.writeAll(Array((Self.header + lines.joined()).utf8))
            }
        }
    }

    private func setAside() -> String {
        // A state folder holds a handful of these; the last name is reused rather than piling up.
        StateFolderFile.setAside(
            path, reason: "damaged", limit: Self.damagedFileLimit, consequence: "addresses are given anew")
    }

    /// Damaged files kept for an operator to look at.
    static let damagedFileLimit = 100
}

extension AllocationFile {
    /// `{"namespace":"default","name":"web","clusterIPs":["10.96.3.4"],"nodePorts":{"80":30123},"healthCheckNodePort":31000}`
    private static func line(_ key: ObjectKey, _ slots: Slots?) -> String {
        var text = "{\"namespace\":\(JSONText.quoted(key.namespace)),\"name\":\(JSONText.quoted(key.name))"
        var addresses: [String] = []
        var ports: [String] = []
        var health = ""
        for (slot, resource) in (slots ?? [:]).sorted(by: { $0.key < $1.key }) {
            switch slot {
            case .clusterIP: addresses.append("\"\(resource)\"")
            case .nodePort(let port): ports.append("\"\(port)\":\(resource)")
            case .healthCheckNodePort: health = ",\"healthCheckNodePort\":\(resource)"
            }
        }
        if !addresses.isEmpty { text += ",\"clusterIPs\":[\(addresses.joined(separator: ","))]" }
        if !ports.isEmpty { text += ",\"nodePorts\":{\(ports.joined(separator: ","))}" }
        return text + health + "}\n"
    }

    /// The records of a file, nil when it is damaged.
    private mutating func parse(_ bytes: [UInt8]) -> [ObjectKey: Slots]? {
        var records: [ObjectKey: Slots] = [:]
        // Without its line end, the last line was not written to its end.
        let whole = bytes.lastIndex(of: 0x0A).map { Array(bytes[...$0]) } ?? []
        if !bytes.isEmpty, whole.isEmpty { return nil }
        for (number, line) in whole.split(separator: 0x0A, omittingEmptySubsequences: true).enumerated() {
            guard let record = Self.record(Array(line)) else { return nil }
            if number == 0 {
                guard record.fairwayAllocations == 1 else { return nil }
                continue
            }
            guard let name = record.name, let slots = record.slots else { return nil }
            records[ObjectKey(namespace: record.namespace ?? "", name: name)] = slots.isEmpty ? nil : slots
            lineCount += 1
        }
        liveCount = records.count
        // Half a line at the end is not to be appended to.
        lineCount = whole.count == bytes.count ? lineCount + 1 : 0
        return records
    }

    private struct Record: Decodable {
        var fairwayAllocations: Int?
        var namespace: String?
        var name: String?
        var clusterIPs: [String]?
        var nodePorts: [String: UInt16]?
        var healthCheckNodePort: UInt16?

        /// Nil: an address or a port that is none.
        var slots: Slots? {
            var slots: Slots = [:]
            for text in clusterIPs ?? [] {
                guard let address = IPAddress(text) else { return nil }
                slots[.clusterIP(address.family)] = .address(address)
            }
            for (text, nodePort) in nodePorts ?? [:] {
                guard let port = UInt16(text) else { return nil }
                slots[.nodePort(port)] = .nodePort(nodePort)
            }
            if let healthCheckNodePort { slots[.healthCheckNodePort] = .nodePort(healthCheckNodePort) }
            return slots
        }
    }

    private static func record(_ line: [UInt8]) -> Record? {
        guard let tree = JSONReader.tree(of: line) else { return nil }
        return try? Record(from: TreeDecoder(TreeDecoder.Source(tree, [:])))
    }
}
