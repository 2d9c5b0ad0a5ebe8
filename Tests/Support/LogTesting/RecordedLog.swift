package import Logging
internal import Synchronization

/// A log that a test reads; debugging is left out.
package final class RecordedLog: Sendable {
    /// What was logged in one go.
    package struct Entry: Sendable {
        package let level: Logger.Level
        package let message: String
        /// By name: ` retryIn=1.0s since=...`, empty when there is none.
        fileprivate let fields: String

        /// The message, then the metadata: `no rights retryIn=1.0s`.
        package var text: String { message + fields }
    }

    private let recorded = Mutex<[Entry]>([])

    package init() {}

    package var entries: [Entry] { recorded.withLock { $0 } }
    /// Each as `warning: no rights`.
    package var lines: [String] { entries.map { "\($0.level): \($0.message)" } }
    /// The messages of warnings.
    package var warnings: [String] { entries.filter { $0.level == .warning }.map(\.message) }

    package var logger: Logger {
        Logger(label: "test") { _ in Handler(log: self) }
    }

    private struct Handler: LogHandler {
        let log: RecordedLog
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let fields = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
            let entry = Entry(level: event.level, message: "\(event.message)", fields: fields)
            log.recorded.withLock { $0.append(entry) }
        }
    }
}
