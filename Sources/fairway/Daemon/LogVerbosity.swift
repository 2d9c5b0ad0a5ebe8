internal import Logging
internal import Synchronization

/// How much is logged; the configuration may change it while the daemon runs.
final class LogVerbosity: Sendable {
    private let state: Mutex<Logger.Level>

    init(_ level: Logger.Level) { state = Mutex(level) }

    var level: Logger.Level {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }

    /// What klog's `-v` stands for: 2 is what clusters run with, 4 is for looking into something.
    static func level(verbosity: Int?, isVerbose: Bool) -> Logger.Level {
        switch verbosity ?? 0 {
        case 8...: .trace
        case 4...: .debug
        default: isVerbose ? .debug : .info
        }
    }
}
