internal import BPFDataplane
internal import Dataplane
internal import NftablesDataplane
internal import UserspaceDataplane

/// Every dataplane there is. What a mode left that no longer runs is removed once the one that runs is
/// ready (`FormerModes`), and by `fairway cleanup`.
struct DataplaneModes: Sendable {
    let all: [FormerMode]

    /// - Parameter pinPath: where the ebpf mode pins, or pinned.
    init(pinPath: String) {
        all = [
            FormerMode(
                OtherMode(NftablesDataplane.self) { () throws(DataplaneError) in try NftablesDataplane() }),
            FormerMode(
                OtherMode(BPFDataplane.self) { () throws(DataplaneError) in
                    var settings = BPFSettings()
                    settings.pinPath = pinPath
                    return BPFDataplane(settings)
                }),
            FormerMode(
                OtherMode(UserspaceDataplane.modeName) { () throws(DataplaneError) in try UserspaceDataplane.removeState() },
                retire: { () throws(DataplaneError) in try UserspaceDataplane.retireState() }),
        ]
    }

    /// Removes what every mode left. One that cannot does not keep the others from it.
    ///
    /// - Returns: what was removed, one line each, and the first failure.
    func removeAll() -> (removed: [String], failure: DataplaneError?) {
        var removed: [String] = []
        var failure: DataplaneError?
        for mode in all {
            do throws(DataplaneError) { removed += try mode.removeState() } catch { failure = failure ?? error }
        }
        return (removed, failure)
    }
}

/// A mode that may have run here before.
struct FormerMode: Sendable {
    private let other: OtherMode
    private let retirement: (@Sendable () throws(DataplaneError) -> Bool)?

    init(_ other: OtherMode, retire: (@Sendable () throws(DataplaneError) -> Bool)? = nil) {
        self.other = other
        retirement = retire
    }

    var modeName: String { other.modeName }

    /// What it left is needed by processes that relay.
    var outlivesRelays: Bool { retirement != nil }

    /// Has what it left do nothing for new connections. False when there is nothing.
    func retire() throws(DataplaneError) -> Bool { try retirement?() ?? false }

    /// Returns what was removed, one line each.
    func removeState() throws(DataplaneError) -> [String] { try other.removeState() }
}
