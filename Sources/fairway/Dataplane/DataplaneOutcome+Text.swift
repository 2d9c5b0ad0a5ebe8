internal import Dataplane
internal import NetworkTypes

extension DataplaneRunner.Outcome {
    /// What a synchronisation did, a line of the log.
    func text(_ report: SyncReport) -> String {
        let why = reason.map { $0 == .start ? "" : " (\($0.text))" } ?? ""
        let kind = isFull ? "compared with the kernel\(why)" : "changed"
        let what =
            report.isEmpty
            ? "nothing to write"
            : "\(report.elementsAdded) elements added, \(report.elementsDeleted) deleted, \(report.rulesWritten) chains and rules, \(report.transactions) transactions"
        return "\(family) \(kind): \(what), \(duration.formatted)"
    }
}

extension SyncReason {
    fileprivate var text: String {
        switch self {
        case .start: "at the start"
        case .failure: "after a failure"
        case .foreignChange: "changed by others"
        case .lostNotifications: "notifications lost"
        case .periodic: "periodic"
        }
    }
}

extension Duration {
    /// Milliseconds with two digits.
    fileprivate var formatted: String {
        let hundredths = components.seconds * 100_000 + components.attoseconds / 10_000_000_000_000
        let fraction = hundredths % 100
        return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction) ms"
    }
}
