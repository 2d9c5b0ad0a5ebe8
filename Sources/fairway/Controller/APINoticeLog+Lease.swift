internal import KubernetesClient
internal import KubernetesModel
internal import Logging
internal import Synchronization

extension APINoticeLog {
    /// The lease's requests, which go to the same server.
    func tell(_ notice: LeaderElectionNotice, lease: ObjectKey) {
        let now = clock()
        switch notice {
        case .answered:
            log(state.withLock {
                $0.leaseRefusal = nil
                return $0.outage.follows("lease", now: now)
            })
        case .failed(let reason, let inARow, let concernsServer) where concernsServer:
            log(state.withLock { $0.outage.failed("lease", reason: reason, inARow: inARow, now: now) })
            logger.debug("lease: \(reason)", metadata: ["lease": "\(lease)"])
        case .failed(let reason, _, _):
            let isNew = state.withLock { state in
                defer { state.leaseRefusal = reason }
                return state.leaseRefusal != reason
            }
            logger.log(level: isNew ? .warning : .debug, "lease: \(reason)", metadata: ["lease": "\(lease)"])
            log(state.withLock { $0.outage.end("lease", now) })
        case .notReleased(let reason):
            logger.warning("the lease was not released, others wait for its end: \(reason)", metadata: ["lease": "\(lease)"])
            log(state.withLock { $0.outage.forget("lease", now) })
        case .forestalled: logger.debug("another replica was first to write the lease", metadata: ["lease": "\(lease)"])
        case .stopped(isLost: true):
            logger.warning("the lease is lost; this replica works no longer", metadata: ["lease": "\(lease)"])
        case .started, .stopped: break
        }
    }
}
