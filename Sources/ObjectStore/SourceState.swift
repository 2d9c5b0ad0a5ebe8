public import KubernetesModel

/// How a source stands to what it tells of. Times are seconds since 1970.
public enum SourceState: Sendable, Hashable {
    /// Changes are told as they happen.
    case connected
    /// Nothing has been heard since; what was told last is held on to.
    case lost(since: Int64)
    /// Reached again and listing anew: what is held may still be of `since` until the list is complete.
    case resynchronising(since: Int64)

    /// The last moment at which everything told was known to be true; nil: now.
    public var since: Int64? {
        switch self {
        case .connected: nil
        case .lost(let since), .resynchronising(let since): since
        }
    }
}

/// A source's states, one for each kind of object: kinds are followed each on its own.
public struct SourceStates: Sendable, Hashable {
    /// Those that are not connected: none, as a rule.
    private var disturbed: [ObjectKind: SourceState] = [:]

    public init() {}

    /// Connected unless told otherwise. O(1).
    public subscript(kind: ObjectKind) -> SourceState {
        get { disturbed[kind] ?? .connected }
        set { disturbed[kind] = newValue == .connected ? nil : newValue }
    }

    /// Of all kinds together: lost where any is, else resynchronising, since the earliest of their times.
    public var overall: SourceState {
        guard let since = disturbed.values.compactMap(\.since).min() else { return .connected }
        let isLost = disturbed.values.contains { if case .lost = $0 { true } else { false } }
        return isLost ? .lost(since: since) : .resynchronising(since: since)
    }
}
