internal import ObjectStore

/// When the source was last known to tell everything.
enum DataAge: Sendable, Hashable {
    /// Never yet, in this process or one before it.
    case unknown
    /// It tells changes as they happen.
    case live
    /// Seconds since 1970 of its last sign of life.
    case since(Int64)

    /// Seconds of age; infinite when nothing is known.
    func seconds(at now: Int64) -> Double {
        switch self {
        case .unknown: .infinity
        case .live: 0
        case .since(let time): Double(max(0, now - time))
        }
    }
}

extension DataAge {
    /// The age of what a source told that once told everything.
    init(_ source: SourceState) { self = source.since.map { .since($0) } ?? .live }
}
