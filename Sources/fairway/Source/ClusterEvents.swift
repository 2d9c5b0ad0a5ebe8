internal import KubernetesClient
internal import KubernetesConnection
internal import KubernetesModel
internal import KubernetesWire
internal import Logging
internal import ObjectStore
internal import ServiceLifecycle
internal import ServicePolicy
internal import ServiceTable

/// What the daemon tells the cluster: events on its Node and on Services, as kube-proxy posts them.
///
/// Has a connection of its own, so that events and lists do not use up each other's rate.
final class ClusterEvents: ServiceLifecycle.Service, Sendable {
    private let client: APIClient
    private let recorder: EventRecorder<APIClient>

    /// - Parameters:
    ///   - controller: whose events these are: `fairway`, or `fairway-controller`.
    ///   - instance: the node's name, or which replica.
    init(source: APISource, controller: String, instance: String, logger: Logger) throws {
        client = try source.makeClient(logger: logger)
        recorder = EventRecorder(
            controller: controller, instance: "\(controller)-\(instance)", writer: client, wallClock: { .now })
    }

    func run() async throws {
        try? await cancelWhenGracefulShutdown { try await self.recorder.run() }
        try? await client.shutdown()
    }

    /// The daemon begins. As kube-proxy has it, a Node's uid is its name.
    func starting(node: String) {
        recorder.record(
            regarding: ObjectReference(kind: .node, key: ObjectKey(namespace: "", name: node)), uid: node,
            reason: "Starting", action: "StartFairway", note: "Starting \(Version.text).")
    }

    /// A Service asks for an address and port that an older one has.
    func conflict(_ conflict: FrontendConflict, holder: String, in snapshot: ClusterSnapshot) {
        let key = ObjectKey(namespace: conflict.servicePort.id.namespace, name: conflict.servicePort.id.service)
        warn(
            key, in: snapshot, reason: "FrontendConflict", action: "GatherServices",
            note: "\(conflict.frontend) is held by \(holder)")
    }

    /// A Service's slices could not be written.
    func failedToUpdateSlices(_ service: KubernetesModel.Service, _ why: String) {
        recorder.record(
            regarding: ObjectReference(kind: .service, key: service.metadata.key), uid: service.metadata.uid, type: .warning,
            reason: "FailedToUpdateEndpointSlices", action: "UpdateEndpointSlices",
            note: "Error updating EndpointSlices for Service \(service.metadata.key): \(why)")
    }

    /// Something is wrong with a Service.
    func warn(_ key: ObjectKey, in snapshot: ClusterSnapshot, reason: String, action: String, note: String) {
        guard let service = snapshot.services[key] else { return }
        recorder.record(
            regarding: ObjectReference(kind: .service, key: key), uid: service.metadata.uid, type: .warning, reason: reason,
            action: action, note: note)
    }
}
