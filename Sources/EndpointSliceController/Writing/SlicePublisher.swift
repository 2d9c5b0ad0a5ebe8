package import KubernetesClient
package import KubernetesModel
internal import KubernetesWire
package import ObjectStore

/// Keeps the EndpointSlices of a cluster as its pods want them, through the API.
///
/// What the API is known to have (`known`) and what it should have (the store, which the controller writes to) are two
/// things; a worker brings one Service's slices from the first to the second. A write answers with the slice as it is
/// stored, which is known from then on: older news of it, still on the way through a watch, is passed over. A conflict
/// says that somebody else wrote: the slice is read again, and its Service decided anew.
package actor SlicePublisher<Writer: ObjectWriting> {
    let settings: SlicePublisherSettings
    let writer: Writer
    let pause: @Sendable (Duration) async throws -> Void
    let notice: @Sendable (SliceNotice) -> Void

    var store: ObjectStore
    var controller: EndpointSliceController
    /// Managed slices as the API has them, by what was heard of them last.
    var known: [ObjectKey: EndpointSlice] = [:]
    /// Slices that may differ from what is known, by their Service.
    var pending: [ObjectKey: Set<ObjectKey>] = [:]
    var queue = ServiceQueue()
    /// Failures in a row.
    var failures: [ObjectKey: Int] = [:]
    private var unseen = DirtyKeys()
    private var idle: [CheckedContinuation<Void, Never>] = []

    /// - Parameters:
    ///   - pause: waits, or throws when the task is cancelled.
    ///   - notice: gets what is worth telling.
    package init(
        settings: SlicePublisherSettings, writer: Writer,
        pause: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) },
        notice: @escaping @Sendable (SliceNotice) -> Void = { _ in }
    ) {
        self.settings = settings
        self.writer = writer
        self.pause = pause
        self.notice = notice
        store = ObjectStore(expecting: Self.kinds)
        controller = EndpointSliceController(
            options: EndpointSliceController.Options(
                reconciler: SliceReconciler.Options(
                    maxEndpointsPerSlice: settings.maxEndpointsPerSlice, skipsPodsOfUnknownNodes: true,
                    replacesSlicesOfOtherOwners: true),
                deletesSlicesOfDeletedServices: false, keepsSlicesOfUnknownPods: false))
    }

    /// What it has to be told of.
    package static var kinds: Set<ObjectKind> { [.service, .pod, .node, .endpointSlice, .endpoints] }

    /// What is held now.
    package var snapshot: ClusterSnapshot { store.snapshot }
    /// As the controller counts.
    package var statistics: EndpointSliceController.Statistics { controller.statistics }
    /// Nothing is left to be written, and everything has been told once.
    package var isSettled: Bool { store.isSynced && queue.count == 0 && pending.isEmpty }

    /// Takes news of the cluster in. Nothing is written before all kinds have synced.
    package func take(_ events: [StoreEvent]) { take(events, overwriting: []) }

    /// - Parameter slices: as they were wanted, though written already otherwise: `events` brings them as they were written.
    func take(_ events: [StoreEvent], overwriting slices: [EndpointSlice]) {
        let events = events.filter(isNews)
        var overwritten = slices + events.compactMap(unwritten)
        for event in events { note(event) }
        unseen.formUnion(store.apply(events))
        if events.contains(.synced(.endpointSlice)) {
            // What a list did not have is gone.
            known = known.filter { store.snapshot.endpointSlices[$0.key] != nil }
        }
        guard store.isSynced else { return }
        while !unseen.isEmpty {
            let changes = controller.update(snapshot: store.snapshot, dirty: unseen, overwritten: overwritten)
            overwritten = []
            for change in changes { enqueue(change) }
            unseen = store.apply(changes)
        }
        wake()
    }

    /// Writes until the task is cancelled.
    package func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<settings.workers { group.addTask { try await self.work() } }
            try await group.waitForAll()
        }
    }

    private func work() async throws {
        while true {
            try Task.checkCancellation()
            guard let service = queue.next() else {
                await nextWake()
                continue
            }
            await publish(service)
            queue.done(service)
            if isSettled { notice(.settled) }
        }
    }

    func wake() {
        guard !queue.isEmpty else { return }
        let waiters = idle
        idle = []
        for waiter in waiters { waiter.resume() }
    }

    private func nextWake() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if Task.isCancelled || !queue.isEmpty { continuation.resume() } else { idle.append(continuation) }
            }
        } onCancel: {
            Task { await self.wakeAll() }
        }
    }

    private func wakeAll() {
        let waiters = idle
        idle = []
        for waiter in waiters { waiter.resume() }
    }
}

extension SlicePublisher {
    /// False for news of a slice that is older than what is known of it.
    private func isNews(_ event: StoreEvent) -> Bool {
        guard case .set(.endpointSlice(let slice)) = event, let known = known[slice.metadata.key] else { return true }
        return !ResourceVersion.isOlder(slice.metadata.resourceVersion, than: known.metadata.resourceVersion)
    }

    /// The slice that waits to be written, of which an event brings another form: an answer to an earlier write, mostly.
    private func unwritten(_ event: StoreEvent) -> EndpointSlice? {
        guard case .set(.endpointSlice(let slice)) = event, let wanted = store.snapshot.endpointSlices[slice.metadata.key],
            let service = wanted.serviceKey, pending[service]?.contains(slice.metadata.key) == true
        else { return nil }
        return wanted
    }

    private func note(_ event: StoreEvent) {
        switch event {
        case .set(.endpointSlice(let slice)): known[slice.metadata.key] = slice
        case .delete(let reference) where reference.kind == .endpointSlice: known[reference.key] = nil
        default: break
        }
    }

    private func enqueue(_ change: StoreEvent) {
        let service: ObjectKey?
        let slice: ObjectKey
        switch change {
        case .set(.endpointSlice(let wanted)): (service, slice) = (wanted.serviceKey, wanted.metadata.key)
        case .delete(let reference): (service, slice) = (known[reference.key]?.serviceKey, reference.key)
        default: return
        }
        guard let service else { return }
        pending[service, default: []].insert(slice)
        queue.add(service)
    }
}
