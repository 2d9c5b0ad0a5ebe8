internal import Logging
internal import Observability
internal import ServiceLifecycle
internal import UnixSignals

extension ServiceGroup {
    /// Runs the services of a daemon until SIGTERM, SIGINT or SIGHUP, or until one of them cannot go on.
    ///
    /// - Throws: `CommandFailure` when an address cannot be listened at; what a service throws.
    static func runUntilSignal(_ services: [any ServiceLifecycle.Service]) async throws {
        // What the group itself has to say is of use only when something is wrong.
        let logger = Logger(label: "lifecycle") { _ in LineLogHandler(level: .error) }
        do {
            try await ServiceGroup(
                configuration: .init(services: services, gracefulShutdownSignals: [.sigterm, .sigint, .sighup], logger: logger)
            ).run()
        } catch let error as ListenError {
            throw CommandFailure.failed("\(error)")
        }
    }
}
