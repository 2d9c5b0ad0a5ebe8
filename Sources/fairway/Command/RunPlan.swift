internal import ArgumentParser
internal import LinuxSystem
internal import NodeConfiguration

/// What `fairway run` is to do: its flags, and the configuration file that goes before most of them.
struct RunPlan: Sendable {
    /// Bytes of a configuration file: kube-proxy's with everything set has 3 kB.
    static let fileBytes = 1 << 20

    /// As the parser made it of what is in force.
    let command: RunCommand
    /// As they were given.
    let given: FlagList
    /// What is in force, as arguments.
    let flags: FlagList
    /// One line each.
    let warnings: [String]
    let file: File?

    /// The configuration file, as it was read.
    struct File: Sendable {
        let path: String
        let bytes: [UInt8]
        let document: ConfigurationDocument
        let options: ConfigurationOptions
    }

    /// - Parameters:
    ///   - flags: as they were given.
    ///   - command: what the parser made of them.
    /// - Throws: what is wrong with the file, a line for each fault, with its place.
    init(_ flags: FlagList, parsed command: RunCommand) throws(CommandFailure) {
        var warnings = Self.warnings(about: flags)
        guard let path = command.file.config else {
            self.init(command: command, given: flags, flags: flags, warnings: warnings, file: nil)
            return
        }
        let file = try File(path)
        let precedence = FlagPrecedence(flags, beside: file.document)
        if let ignored = precedence.warning(path: path) { warnings.append(ignored) }
        warnings += file.options.warnings
        let effective = FlagList(file.options.arguments + precedence.held)
        self.init(command: try file.parse(effective.arguments), given: flags, flags: effective, warnings: warnings, file: file)
    }

    /// - Parameter flags: those the process was started with; what the file says may be new.
    init(rereading flags: FlagList) throws(CommandFailure) {
        let command: RunCommand
        do {
            command = try RunCommand.parse(flags.arguments)
        } catch {
            throw .usage(RunCommand.message(for: error))
        }
        try self.init(flags, parsed: command)
    }

    private init(command: RunCommand, given: FlagList, flags: FlagList, warnings: [String], file: File?) {
        self.command = command
        self.given = given
        self.flags = flags
        self.file = file
        let mode = command.services.writtenMode
        let others = [mode.warning, command.kubeProxy.scheduler(of: mode)?.warning].compactMap(\.self)
        self.warnings = warnings + others.map { file.map { "\($0.path): " } ?? "" + $0 }
    }

    private static func warnings(about flags: FlagList) -> [String] {
        var seen: Set<String> = []
        return flags.items.compactMap { item in
            guard let flag = item.flag, seen.insert(flag.name).inserted else { return nil }
            switch flag.name {
            case "healthz-port", "metrics-port": return "--\(flag.name) is deprecated: use --\(flag.name.dropLast(5))-bind-address"
            default: return flag.unused.map { "--\(flag.name) \($0)" }
            }
        }
    }

    /// Says in which line of the file a wrong value stands.
    func located(_ failure: CommandFailure) -> CommandFailure { file?.located(failure) ?? failure }
}

extension RunPlan.File {
    init(_ path: String) throws(CommandFailure) {
        self.path = path
        do throws(Errno) {
            bytes = try FileDescriptor.contents(of: path, limit: RunPlan.fileBytes)
        } catch {
            throw .usage("--config \(path): cannot be read: \(error)")
        }
        guard bytes.count < RunPlan.fileBytes else {
            throw .usage("--config \(path): larger than \(RunPlan.fileBytes) bytes; that is no configuration")
        }
        do throws(ConfigurationFaults) {
            document = try ConfigurationDocument(bytes, path: path)
            try document.validate()
        } catch {
            throw .usage("\(error)")
        }
        options = ConfigurationOptions(document)
    }

    fileprivate func parse(_ arguments: [String]) throws(CommandFailure) -> RunCommand {
        do {
            return try RunCommand.parse(arguments)
        } catch {
            throw located(.usage("\(RunCommand.message(for: error).split(whereSeparator: \.isNewline).first ?? "wrong option")"))
        }
    }

    func located(_ failure: CommandFailure) -> CommandFailure {
        guard let start = failure.message.firstRange(of: "--")?.upperBound else { return failure }
        let name = failure.message[start...].prefix { $0.isLetter || $0 == "-" }
        guard let field = options.field(ofFlag: name) else { return failure }
        return CommandFailure(exitCode: failure.exitCode, message: "\(document.fault(field, failure.message))")
    }
}

extension FileDescriptor {
    /// The bytes of a file, at most `limit` and what was read beyond it.
    static func contents(of path: String, limit: Int) throws(Errno) -> [UInt8] {
        let file = try FileDescriptor(opening: path)
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while bytes.count < limit, let count = try file.read(into: &buffer), count > 0 { bytes += buffer[..<count] }
        return bytes
    }
}
