internal import LinuxSystem
internal import Logging
internal import Netlink

/// `--init-only`: what needs the node's rights, done once, so that the daemon may run with fewer.
struct InitialSetup {
    let configuration: Daemon.Configuration
    let logger: Logger

    init(_ configuration: Daemon.Configuration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
    }

    /// - Throws: `CommandFailure` when the kernel has not what the mode needs.
    func run() throws(CommandFailure) {
        if configuration.standsOnConntrack {
            loadConntrack()
            configuration.node.conntrack.apply(logger: logger)
        }
        logger.info("set up; nothing else is to be done with the node's rights")
    }

    /// Its settings are there once the kernel has it: to ask for an entry loads it.
    private func loadConntrack() {
        do throws(NetlinkError) {
            let socket = try ConntrackSocket()
            _ = try socket.count()
        } catch {
            logger.warning("\(error); connection tracking cannot be set up")
        }
    }
}
