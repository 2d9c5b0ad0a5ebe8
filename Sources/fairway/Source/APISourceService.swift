internal import CoreMetrics
internal import KubernetesClient
internal import KubernetesConnection
internal import KubernetesModel
internal import LinuxSystem
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import ObjectStore
internal import ServiceLifecycle
internal import ServicePolicy

/// Brings the API's events to the engine: one reflector for each kind, one thread that takes their events in.
///
/// The thread is not one of those that answer health and metrics: a first list of a large cluster keeps it busy for a
/// second. A server that goes away is told as a state of the source; nothing that was known is forgotten.
struct APISourceService: ServiceLifecycle.Service {
    let client: APIClient
    let reflectors: ReflectorSettings
    let kinds: WatchedKinds
    let logger: Logger
    let apply: EventSink
    /// Gets conflicts between Services that were not there before.
    var conflicts: @Sendable (FrontendConflict, _ holder: String) -> Void = { _, _ in }

    func run() async throws {
        logger.info("following \(client)", metadata: ["kinds": "\(kinds.selections.keys.sorted().map(\.rawValue).joined(separator: ","))"])
        let (log, thread) = (logger, MultiThreadedEventLoopGroup(numberOfThreads: 1))
        let whenSynced = Once { progress in
            log.info("synced", metadata: ["services": "\(progress.serviceCount)"])
            // What only the first lists needed goes back to the kernel.
            ResidentMemory.release()
        }
        try? await cancelWhenGracefulShutdown { try await follow(on: thread.next(), whenSynced) }
        try? await client.shutdown()
        try? await thread.shutdownGracefully()
    }

    /// Until all kinds have synced, and no longer.
    ///
    /// - Throws: ``IncompleteSource`` when that takes too long.
    func readOnce() async throws {
        let thread = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let (synced, continuation) = AsyncStream<Bool>.makeStream()
        let isComplete = await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await follow(on: thread.next(), Once { _ in continuation.yield(true) }) }
            group.addTask {
                try? await Task.sleep(for: Self.readLimit)
                continuation.yield(false)
            }
            let first = await synced.first { _ in true }
            group.cancelAll()
            return first ?? false
        }
        try? await thread.shutdownGracefully()
        guard isComplete else {
            throw IncompleteSource(reason: "\(client) did not tell everything within \(Self.readLimit)")
        }
    }

    /// kube-proxy gives its caches as long; a predecessor goes on meanwhile.
    private static let readLimit = Duration.seconds(30)

    private func follow(on loop: any EventLoop, _ whenSynced: Once) async throws {
        let (serverReturn, notices) = (ServerReturn(), APINoticeLog(logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (kind, selection) in kinds.selections {
                let reflector = Reflector(
                    kind: kind, selection: selection, source: client, settings: reflectors, serverReturn: serverReturn,
                    wallClock: DNSEngine.wallClock,
                    deliver: { events in
                        let progress = try? await loop.submit { apply(events.map(\.withoutVersions)) }.get()
                        if let progress { tell(progress, whenSynced) }
                    },
                    notice: {
                        APIMetrics.count($0, kind)
                        notices.tell($0, kind)
                    })
                group.addTask { try await reflector.run() }
            }
            try await group.waitForAll()
        }
    }

    private func tell(_ progress: Engine.Progress, _ whenSynced: Once) {
        for (conflict, holder) in progress.newConflicts {
            logger.warning("\(conflict.servicePort) asks for \(conflict.frontend), held by \(holder)")
            conflicts(conflict, "\(holder)")
        }
        if progress.isSynced { whenSynced(progress) }
    }
}

extension StoreEvent {
    /// Versions change with every write, of whatever field: without them, an object whose kept fields are the same is
    /// the same object, and nothing is decided anew.
    fileprivate var withoutVersions: StoreEvent {
        guard case .set(let object) = self else { return self }
        return .set(object.withoutVersions)
    }
}

extension KubernetesObject {
    fileprivate var withoutVersions: KubernetesObject {
        func bare<Object>(_ object: Object, _ metadata: WritableKeyPath<Object, ObjectMeta>) -> Object {
            var object = object
            object[keyPath: metadata].resourceVersion = ""
            object[keyPath: metadata].generation = 0
            return object
        }
        return switch self {
        case .service(let object): .service(bare(object, \.metadata))
        case .pod(let object): .pod(bare(object, \.metadata))
        case .endpoints(let object): .endpoints(bare(object, \.metadata))
        case .endpointSlice(let object): .endpointSlice(bare(object, \.metadata))
        case .node(let object): .node(bare(object, \.metadata))
        case .namespace(let object): .namespace(bare(object, \.metadata))
        case .serviceCIDR(let object): .serviceCIDR(bare(object, \.metadata))
        }
    }
}
