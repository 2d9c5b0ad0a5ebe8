internal import FoundationEssentials
internal import KubernetesModel

extension Timestamp {
    /// By the host's clock.
    static var now: Timestamp {
        let time = Date.now.timeIntervalSince1970
        let seconds = time.rounded(.down)
        return Timestamp(seconds: Int64(seconds), nanoseconds: Int32((time - seconds) * 1e9))
    }
}
