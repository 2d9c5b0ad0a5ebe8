internal import Dataplane
internal import LinuxSystem
internal import Logging
internal import NodeConfiguration
internal import ServicePolicy

/// What a changed configuration file comes to: which options take effect at once, and which wait for a restart.
struct ConfigurationReload: Sendable {
    /// As it is in force.
    private(set) var file: RunPlan.File
    private let flags: FlagList
    /// Told already.
    private var warnings: Set<String>
    let verbosity: LogVerbosity

    /// Nil when the options are from flags alone.
    init?(_ plan: RunPlan, verbosity: LogVerbosity) {
        guard let file = plan.file else { return nil }
        self.file = file
        flags = plan.given
        warnings = Set(plan.warnings)
        self.verbosity = verbosity
    }

    var path: String { file.path }

    /// A file that was read anew.
    struct Step: Sendable {
        let changes: [ConfigurationChange]
        let configuration: Daemon.Configuration
        let logLevel: Logger.Level
        let warnings: [String]
    }

    /// Reads the file again; nil when it holds what it held.
    ///
    /// - Throws: what is wrong with it, with line and column; what was in force stays so.
    mutating func next() throws(CommandFailure) -> Step? {
        let bytes: [UInt8]
        do throws(Errno) {
            bytes = try FileDescriptor.contents(of: path, limit: RunPlan.fileBytes)
        } catch {
            throw .failed("\(path): cannot be read: \(error)")
        }
        guard bytes != file.bytes else { return nil }
        let plan = try RunPlan(rereading: flags)
        guard let read = plan.file else { return nil }
        let configuration: Daemon.Configuration
        do throws(CommandFailure) {
            configuration = try plan.command.daemonConfiguration(needsSource: false)
        } catch {
            throw plan.located(error)
        }
        let changes = ConfigurationChange.all(from: file.options, to: read.options)
        let news = plan.warnings.filter { !warnings.contains($0) }
        (file, warnings) = (read, Set(plan.warnings))
        return Step(changes: changes, configuration: configuration, logLevel: plan.command.logLevel, warnings: news)
    }
}

extension PolicyOptions {
    /// These, with what may change while a daemon runs taken from others.
    func taking(_ other: PolicyOptions) -> PolicyOptions {
        var options = other
        options.nodeName = nodeName
        options.serviceRanges = serviceRanges
        return options
    }
}
