internal import KubernetesClient
internal import KubernetesConnection
internal import KubernetesModel
internal import KubernetesWire
internal import Logging
internal import ObjectStore
internal import ServiceLifecycle
internal import ServicePolicy
internal import ServiceTable
internal import Synchronization

/// What the daemon tells the cluster: events on its Node and on Services, as kube-proxy posts them.
///
/// Has a connection of its own, so that events and lists do not use up each other's rate.
final class ClusterEvents: ServiceLifecycle.Service, Sendable {
    private let client: APIClient
    /// Whose events these are, for notes.
    private let node: String
    private let recorder: EventRecorder<APIClient>
    /// Events name the uid of their object.
    private let snapshot = Mutex(ClusterSnapshot())

    /// - Parameters:
    ///   - controller: whose events these are: `fairway`, or `fairway-controller`.
    ///   - instance: the node's name, or which replica.
    init(source: APISource, controller: String, instance: String, logger: Logger) throws {
        client = try source.makeClient(logger: logger)
        node = instance
        recorder = EventRecorder(
            controller: controller, instance: "\(controller)-\(instance)", writer: client, wallClock: { .now })
    }

    func run() async throws {
        try? await cancelWhenGracefulShutdown { try await self.recorder.run() }
        try? await client.shutdown()
    }

    /// The objects are these now. O(1).
    func follow(_ snapshot: ClusterSnapshot) { self.snapshot.withLock { $0 = snapshot } }

    /// The daemon begins. As kube-proxy has it, a Node's uid is its name.
    func starting(node: String) {
        recorder.record(
            regarding: ObjectReference(kind: .node, key: ObjectKey(namespace: "", name: node)), uid: node,
            reason: "Starting", action: "StartFairway", note: "Starting \(Version.text).")
    }

    /// A Service asks for an address and port that an older one has.
    func conflict(_ conflict: FrontendConflict, holder: String) {
        let key = ObjectKey(namespace: conflict.servicePort.id.namespace, name: conflict.servicePort.id.service)
        warn(
            key, reason: "FrontendConflict", action: "GatherServices",
            note: "\(conflict.frontend) is held by \(holder)")
    }

    /// As kube-proxy says it.
    func healthCheckFailed(_ failure: HealthCheckFailure) {
        warn(
            failure.socket.service, reason: "FailedToStartServiceHealthcheck", action: "Listen",
            note: "node \(node) failed to start healthcheck \"\(failure.socket.service)\" on port \(failure.socket.port): \(failure.reason)")
    }

    /// A Service's slices could not be written.
    func failedToUpdateSlices(_ service: KubernetesModel.Service, _ why: String) {
        recorder.record(
            regarding: ObjectReference(kind: .service, key: service.metadata.key), uid: service.metadata.uid, type: .warning,
            reason: "FailedToUpdateEndpointSlices", action: "UpdateEndpointSlices",
            note: "Error updating EndpointSlices for Service \(service.metadata.key): \(why)")
    }

    /// Something is wrong with a Service.
    private func warn(_ key: ObjectKey, reason: String, action: String, note: String) {
        guard let service = snapshot.withLock({ $0.services[key] }) else { return }
        recorder.record(
            regarding: ObjectReference(kind: .service, key: key), uid: service.metadata.uid, type: .warning, reason: reason,
            action: action, note: note)
    }
}
