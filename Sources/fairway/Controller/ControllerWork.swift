internal import CoreMetrics
internal import EndpointSliceController
internal import KubernetesClient
internal import KubernetesConnection
internal import KubernetesModel
internal import Logging

/// What a leader does: follows the cluster and writes its slices, from nothing, until it is cancelled.
///
/// Nothing is kept from one term to the next: what another leader wrote meanwhile is in the first lists.
struct ControllerWork: Sendable {
    let client: APIClient
    let reflectors: ReflectorSettings
    let settings: SlicePublisherSettings
    let logger: Logger
    /// Of everything that is asked of the server.
    let notices: APINoticeLog
    /// A Service's slices could not be written, and why.
    let failed: @Sendable (Service, String) -> Void

    func run() async throws {
        let publisher = SlicePublisher(settings: settings, writer: client, notice: tell)
        let serverReturn = ServerReturn()
        defer { notices.forget(SlicePublisher<APIClient>.kinds) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for kind in SlicePublisher<APIClient>.kinds {
                let reflector = Reflector(
                    kind: kind, source: client, settings: reflectors, serverReturn: serverReturn,
                    wallClock: DNSEngine.wallClock,
                    deliver: { await publisher.take($0) }, notice: { tell($0, kind) })
                group.addTask { try await reflector.run() }
            }
            group.addTask { try await publisher.run() }
            try await group.waitForAll()
        }
    }

    private func tell(_ notice: SliceNotice) {
        switch notice {
        case .created(let slice): wrote("create", slice)
        case .updated(let slice): wrote("update", slice)
        case .deleted(let slice): wrote("delete", slice)
        case .settled: logger.debug("every slice is as it is wanted")
        case .failed(let service, let reason, let delay):
            Counter(label: "fairway_controller_failures_total").increment()
            logger.warning("\(service.metadata.key): \(reason)", metadata: ["retryIn": "\(delay.roundedText)"])
            failed(service, reason)
        }
    }

    private func wrote(_ operation: String, _ slice: EndpointSlice) {
        Counter(label: "endpoint_slice_controller_changes", dimensions: [("operation", operation)]).increment()
        logger.debug("\(operation) \(slice.metadata.key)", metadata: ["endpoints": "\(slice.endpoints.count)"])
    }

    private func tell(_ notice: ReflectorNotice, _ kind: ObjectKind) {
        APIMetrics.count(notice, kind)
        notices.tell(notice, kind)
    }
}
