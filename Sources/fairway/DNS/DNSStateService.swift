internal import CoreMetrics
internal import KubernetesModel
internal import LinuxSystem
internal import Logging
internal import ManifestSource
internal import ObjectStore
internal import ServiceLifecycle
internal import Synchronization

/// Writes what names are made of to the state folder: some seconds after a change, and at the end.
final class DNSStateService: ServiceLifecycle.Service, Sendable {
    private struct State {
        var snapshot: ClusterSnapshot?
        var dirty: Set<ObjectReference> = []
    }

    /// A crash forgets at most what changed in so long, and what was being made into names; a flood of changes is written this
    /// often.
    private static let delay = Duration.seconds(2)

    /// As many objects' lines leave memory behind that is worth giving back.
    private static let manyObjects = 1000

    private let directory: String
    private let keepsPods: Bool
    private let logger: Logger
    private let state = Mutex(State())
    private let file: Mutex<ObjectStateFile>
    private let wake = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))

    /// - Parameter keepsPods: names depend on pods (`--dns-pods verified`, `--dns-autopath`).
    init(directory: String, keepsPods: Bool, logger: Logger) {
        self.directory = directory
        self.keepsPods = keepsPods
        self.logger = logger
        file = Mutex(ObjectStateFile(directory: directory))
    }

    /// O(what changed).
    func remember(_ snapshot: ClusterSnapshot, _ dirty: DirtyKeys) {
        state.withLock { state in
            state.snapshot = snapshot
            for reference in dirty.objects where isKept(reference.kind) { state.dirty.insert(reference) }
        }
        wake.continuation.yield()
    }

    private func isKept(_ kind: ObjectKind) -> Bool {
        switch kind {
        case .service, .endpointSlice, .namespace, .node: true
        case .pod: keepsPods
        case .endpoints, .serviceCIDR: false
        }
    }

    func run() async throws {
        // Not cancelled by shutdown: what changed last is written before the end.
        await withGracefulShutdownHandler {
            for await _ in wake.stream {
                try? await cancelWhenGracefulShutdown { try await Task.sleep(for: Self.delay) }
                await write()
                if Task.isShuttingDownGracefully { break }
            }
            await write()
        } onGracefulShutdown: {
            self.wake.continuation.finish()
        }
    }

    private func write() async {
        let pending = state.withLock { state in
            defer { state.dirty = [] }
            return (snapshot: state.snapshot, dirty: state.dirty)
        }
        guard let snapshot = pending.snapshot, !pending.dirty.isEmpty else { return }
        do {
            // The folder may be slow, and must hold up nothing.
            try await DedicatedThread.run(named: "dns-state") { try self.save(pending.dirty, snapshot) }
            logger.debug("the state is written", metadata: ["objects": "\(pending.dirty.count)"])
            // The lines of a whole cluster: 30 MB at 10 000 Services.
            if pending.dirty.count >= Self.manyObjects { ResidentMemory.release() }
        } catch {
            state.withLock { $0.dirty.formUnion(pending.dirty) }
            Counter(label: "fairway_dns_state_failures_total").increment()
            logger.warning("\(error): a restart would answer from what was written before")
        }
    }

    private func save(_ dirty: Set<ObjectReference>, _ snapshot: ClusterSnapshot) throws(SystemError) {
        try file.withLock { file throws(SystemError) in
            try file.save(dirty.sorted().map { ($0, snapshot[$0]) }) { objects(snapshot) }
        }
    }

    private func objects(_ snapshot: ClusterSnapshot) -> [KubernetesObject] {
        let pods = keepsPods ? snapshot.pods.values.map(KubernetesObject.pod) : []
        return snapshot.namespaces.values.map(KubernetesObject.namespace)
            + snapshot.nodes.values.map(KubernetesObject.node) + snapshot.services.values.map(KubernetesObject.service)
            + snapshot.endpointSlices.values.map(KubernetesObject.endpointSlice) + pods
    }
}
