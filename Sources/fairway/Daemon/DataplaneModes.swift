internal import Dataplane
internal import Logging
internal import NftablesDataplane

/// Every dataplane there is. What a mode left that no longer runs is removed once the one that runs is
/// ready, and by `fairway cleanup`.
enum DataplaneModes {
    static let all: [OtherMode] = [
        OtherMode(NftablesDataplane.self) { () throws(DataplaneError) in try NftablesDataplane() }
    ]

    static func removeOthers(than running: String, logger: Logger) {
        for mode in all where mode.modeName != running {
            do throws(DataplaneError) {
                for line in try mode.removeState() { logger.info("mode \(mode.modeName) no longer runs: removed \(line)") }
            } catch {
                logger.error("mode \(mode.modeName) no longer runs, and what it left stays: \(error)")
            }
        }
    }
}
