internal import KubernetesModel
internal import Logging
internal import ManifestSource
internal import ObjectStore
internal import ServiceLifecycle
internal import ServicePolicy
internal import ServiceTable
internal import Synchronization

/// Brings the manifests' events to the engine, and what is wrong with them to the operator.
struct ManifestService: ServiceLifecycle.Service {
    let source: ManifestSource
    let report: ManifestReport
    let logger: Logger
    /// The engine's: takes the events in.
    let apply: @Sendable ([StoreEvent]) -> Engine.Progress

    func run() async throws {
        let (apply, report, logger) = (apply, report, logger)
        try await cancelWhenGracefulShutdown {
            try await source.run { batch in
                for warning in batch.warnings { logger.warning("\(warning)") }
                for fault in batch.newFaults { logger.error("\(fault)") }
                for fault in batch.mendedFaults { logger.info("mended: \(fault)") }
                for move in batch.moves { logger.warning("\(move)") }
                report.update(batch)
                let progress = apply(batch.events)
                logger.debug(
                    "manifests applied",
                    metadata: [
                        "events": "\(batch.events.count)", "services": "\(progress.serviceCount)",
                        "files": "\(batch.fileCount)",
                    ])
                for (conflict, holder) in progress.newConflicts {
                    logger.warning("\(conflict.servicePort) asks for \(conflict.frontend), held by \(holder)")
                }
                report.podsWithoutAddress(progress.podsWithoutAddress)
            }
        }
    }
}

/// What is wrong with the manifests now, for `get status` and the metrics.
final class ManifestReport: Sendable {
    struct Contents: Sendable {
        var faults: [FileFault] = []
        var skippedKinds: [String: Int] = [:]
        var podsWithoutAddress = 0
    }

    private let state = Mutex(Contents())

    var contents: Contents { state.withLock { $0 } }

    func update(_ batch: ManifestBatch) {
        state.withLock {
            $0.faults = batch.faults
            $0.skippedKinds = batch.skippedKinds
        }
    }

    func podsWithoutAddress(_ count: Int) { state.withLock { $0.podsWithoutAddress = count } }
}
