internal import Dataplane
internal import Logging
internal import ManifestSource
internal import NetworkTypes
internal import NodeConfiguration
internal import ServiceLifecycle
internal import ServicePolicy

/// Follows the configuration file, on a thread of its own: what can change while the daemon runs does, the rest is told.
final class ConfigurationService: Service, Sendable {
    private let initial: ConfigurationReload
    private let configuration: Daemon.Configuration
    private let engine: Engine
    private let runner: DataplaneRunner
    private let node: NodeService
    private let logger: Logger
    private let follower: FileFollower

    init(
        _ reload: ConfigurationReload, configuration: Daemon.Configuration, engine: Engine, runner: DataplaneRunner,
        node: NodeService, logger: Logger
    ) throws(CommandFailure) {
        initial = reload
        self.configuration = configuration
        self.engine = engine
        self.runner = runner
        self.node = node
        self.logger = logger
        follower = try FileFollower.make(reload.path)
    }

    func run() async throws {
        await follower.serve(named: "configuration") {
            try self.work()
        } failed: { error in
            logger.error("\(follower.path) is not watched until a restart: \(error)")
        }
    }

    private func work() throws {
        var reload = initial
        var reverseRanges = configuration.dns?.reverseRanges ?? []
        try follower.run(warn: { logger.warning("\($0)") }, read: { take(&reload, &reverseRanges) })
    }

    /// - Parameter reverseRanges: as the file had them when it was read last.
    private func take(_ reload: inout ConfigurationReload, _ reverseRanges: inout [IPPrefix]) {
        do throws(CommandFailure) {
            guard let step = try reload.next() else { return }
            for warning in step.warnings { logger.warning("\(warning)") }
            apply(step, verbosity: reload.verbosity)
            for change in step.changes where !change.isLive {
                logger.warning(
                    "\(reload.path): \(change.field) is now \(change.new ?? "not set"), was \(change.old ?? "not set"): takes effect with a restart")
            }
            tellRanges(of: step.configuration.dns, &reverseRanges, path: reload.path)
            let live = step.changes.filter(\.isLive).map(\.field).joined(separator: ", ")
            logger.info("\(reload.path) was read anew: \(live.isEmpty ? "nothing changes at run time" : "in force now: \(live)")")
        } catch {
            for line in error.message.split(separator: "\n") { logger.error("\(line)") }
            logger.error("\(reload.path): the changed file is faulty; what was in force stays so")
        }
    }

    /// Cluster CIDRs change at once where packets are carried, and not where names of addresses are answered.
    private func tellRanges(of next: DNSConfiguration?, _ known: inout [IPPrefix], path: String) {
        guard let dns = configuration.dns, let next, next.reverseRanges != known else { return }
        known = next.reverseRanges
        guard known != dns.reverseRanges else { return }
        func text(_ ranges: [IPPrefix]) -> String { ranges.map(\.description).joined(separator: ",") }
        logger.warning(
            "\(path): DNS answers names of addresses in \(text(known)), was \(text(dns.reverseRanges)): takes effect with a restart")
    }

    private func apply(_ step: ConfigurationReload.Step, verbosity: LogVerbosity) {
        let next = step.configuration
        verbosity.level = step.logLevel
        runner.change(next.limits)
        node.change(next.node.conntrack)
        if let score = next.node.outOfMemoryScore, score != configuration.node.outOfMemoryScore {
            OutOfMemoryScore.set(score, logger: logger)
        }
        var policy = configuration.policy.taking(next.policy)
        if configuration.mode == next.mode {
            if next.localhostNodePorts != configuration.localhostNodePorts {
                logger.warning("NodePorts at localhost: that they are served or not takes effect with a restart")
            }
        } else {
            policy.moreNodePortAddresses = configuration.policy.moreNodePortAddresses
        }
        engine.change(policy)
    }
}
