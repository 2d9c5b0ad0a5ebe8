internal import FoundationEssentials
internal import Logging

/// One line an event, to standard error: time, level, message, then metadata as `key=value`.
struct LineLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    private let verbosity: LogVerbosity
    /// Of this logger alone.
    private var ownLevel: Logger.Level?

    var logLevel: Logger.Level {
        get { ownLevel ?? verbosity.level }
        set { ownLevel = newValue }
    }

    init(level: Logger.Level) { self.init(LogVerbosity(level)) }

    init(_ verbosity: LogVerbosity) { self.verbosity = verbosity }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
        let fields = all.sorted { $0.key < $1.key }.map { " \($0.key)=\(Self.quoted("\($0.value)"))" }.joined()
        let time = Date.now.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        Output.error("\(time) \(event.level) \(Self.singleLine("\(event.message)"))\(fields)")
    }

    private static func quoted(_ value: String) -> String {
        value.contains(where: { $0 == " " || $0 == "\"" || $0.isNewline })
            ? "\"\(singleLine(value).replacing("\"", with: "'"))\"" : value
    }

    private static func singleLine(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).joined(separator: "; ")
    }
}
