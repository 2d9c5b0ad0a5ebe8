internal import BPFDataplane
internal import Dataplane
internal import Logging
internal import NftablesDataplane
internal import UserspaceDataplane

/// Every dataplane there is. What a mode left that no longer runs is removed once the one that runs is
/// ready, and by `fairway cleanup`.
struct DataplaneModes: Sendable {
    let all: [OtherMode]

    /// - Parameter pinPath: where the ebpf mode pins, or pinned.
    init(pinPath: String) {
        all = [
            OtherMode(NftablesDataplane.self) { () throws(DataplaneError) in try NftablesDataplane() },
            OtherMode(BPFDataplane.self) { () throws(DataplaneError) in
                var settings = BPFSettings()
                settings.pinPath = pinPath
                return BPFDataplane(settings)
            },
            OtherMode(UserspaceDataplane.modeName) { () throws(DataplaneError) in try UserspaceDataplane.removeState() },
        ]
    }

    /// - Parameter isPrivileged: it is an error when the process may not do it.
    func removeOthers(than running: String, isPrivileged: Bool = true, logger: Logger) {
        for mode in all where mode.modeName != running {
            do throws(DataplaneError) {
                for line in try mode.removeState() { logger.info("mode \(mode.modeName) no longer runs: removed \(line)") }
            } catch {
                if !isPrivileged && error.code == .permission { continue }
                logger.error("mode \(mode.modeName) no longer runs, and what it left stays: \(error)")
            }
        }
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
