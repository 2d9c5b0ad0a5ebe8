internal import ClusterZone
internal import CoreMetrics
internal import DNSServer
internal import FoundationEssentials
internal import KubernetesModel
internal import LinuxSystem
internal import NetworkTypes
internal import ObjectStore
internal import Synchronization

/// The way from a step of the objects to the snapshot that queries are answered from.
///
/// Runs on the thread that brings the step, one at a time, and costs what the step touches; making the whole zone of a large
/// cluster takes seconds. A state that an earlier process left is answered from until the source has told everything; the
/// zone is then built anew, for what is gone meanwhile is in no event.
final class DNSEngine: Sendable {
    private struct State: ~Copyable {
        var settings: ZoneSettings
        var builder: ZoneBuilder
        var tree: ZoneTree
        var age = DataAge.unknown
        var sources = SourceStates()
        /// The next step has everything, and what is gone is in no event.
        var beginsAnew = true
        var snapshot = ClusterSnapshot()
        /// Of this node; only what the source says now, never what an earlier process knew.
        var pods: LocalPodTable
    }

    /// As of the last step that was made into names.
    private struct Told {
        var zone = ZoneReadiness.unsynced
        var age = DataAge.unknown
        var sources = SourceStates()
    }

    let publisher: ZonePublisher
    private let state: Mutex<State>
    /// For whoever asks: probes and metrics do not wait while names are made.
    private let told = Mutex(Told())
    private let staticRanges: [IPPrefix]
    private let staticAddresses: [IPAddress]
    /// Nil: nobody wants to know this node's pods.
    private let localPods: LocalPodPublisher?
    /// Nil: no selector says which namespaces have names.
    private let namespaceLabels: LabelSelector?
    private let maximumStaleness: Duration?
    private let clock: @Sendable () -> Int64
    private let remember: @Sendable (ClusterSnapshot, DirtyKeys) -> Void

    /// - Parameters:
    ///   - localPods: gets the pods of the node `nodeName`.
    ///   - clock: seconds since 1970.
    ///   - remember: gets every step, to be written to the state folder.
    init(
        settings: ZoneSettings, namespaceLabels: LabelSelector? = nil, maximumStaleness: Duration?,
        localPods: LocalPodPublisher? = nil, nodeName: String = "",
        clock: @escaping @Sendable () -> Int64 = DNSEngine.wallClock,
        remember: @escaping @Sendable (ClusterSnapshot, DirtyKeys) -> Void = { _, _ in }
    ) {
        self.maximumStaleness = maximumStaleness
        self.clock = clock
        self.remember = remember
        self.localPods = localPods
        staticRanges = settings.reverseRanges
        staticAddresses = settings.serverAddresses
        self.namespaceLabels = namespaceLabels
        let tree = ZoneTree(settings: settings)
        publisher = ZonePublisher(tree.zone)
        let pods = LocalPodTable(nodeName: nodeName)
        state = Mutex(State(settings: settings, builder: ZoneBuilder(settings: settings), tree: tree, pods: pods))
    }

    /// Answers from what an earlier process knew, until the source has told more.
    ///
    /// - Parameter writtenAt: seconds since 1970.
    /// - Returns: the objects together.
    @discardableResult
    func restore(_ objects: [KubernetesObject], writtenAt: Int64) -> ClusterSnapshot? {
        guard !objects.isEmpty else { return nil }
        var store = ObjectStore()
        _ = store.apply(objects.map(StoreEvent.set))
        state.withLock { state in
            guard state.age == .unknown else { return }
            state.age = .since(writtenAt)
            rebuild(&state, store.snapshot, .restored)
            tell(state)
        }
        return store.snapshot
    }

    /// A step of a source that has told everything; everything is dirty in the first.
    ///
    /// A source that is lost later takes no name with it: what it told last is answered from, however old it grows.
    ///
    /// - Parameter since: when the oldest change in it was told.
    func apply(
        _ snapshot: ClusterSnapshot, _ dirty: DirtyKeys, _ sources: SourceStates, since: ContinuousClock.Instant = .now
    ) {
        var isRebuilt = false
        let isNews = state.withLock { state in
            defer { tell(state) }
            (state.age, state.sources) = (DataAge(sources.overall), sources)
            guard !dirty.isEmpty || state.beginsAnew else { return false }
            state.snapshot = snapshot
            followPods(&state, dirty)
            if state.beginsAnew || settingsChanged(state.settings, snapshot, dirty) {
                // What was restored says nothing about what is there now.
                rebuild(&state, snapshot, .synced)
                (state.beginsAnew, isRebuilt) = (false, true)
            } else {
                let change = state.builder.update(snapshot: snapshot, dirty: dirty, now: serial)
                guard !change.isEmpty else { return true }
                state.tree.apply(change)
            }
            publisher.publish(state.tree.zone)
            return true
        }
        guard isNews else { return }
        record("fairway_dns_zone_update_seconds", since.duration(to: .now))
        recordProgramming(snapshot, dirty)
        remember(snapshot, dirty)
        // The zone before, and what only the making needed: 30 to 70 MB at 10 000 Services.
        if isRebuilt { ResidentMemory.release() }
    }

    /// The next step comes from another store.
    func beginAnew() { state.withLock { $0.beginsAnew = true } }

    private func tell(_ state: borrowing State) {
        let now = Told(zone: state.tree.zone.readiness, age: state.age, sources: state.sources)
        told.withLock { $0 = now }
    }

    private func followPods(_ state: inout State, _ dirty: DirtyKeys) {
        guard let localPods else { return }
        let beginsAnew = state.beginsAnew
        if beginsAnew { state.pods = LocalPodTable(nodeName: state.pods.nodeName) }
        let changed = state.pods.update(snapshot: state.snapshot, dirty: dirty)
        // A new table that is empty is news too: what is published is the old one's.
        if changed || beginsAnew { localPods.publish(state.pods.pods) }
    }

    private func rebuild(_ state: inout State, _ snapshot: ClusterSnapshot, _ readiness: ZoneReadiness) {
        state.settings.reverseRanges = ranges(snapshot)
        state.settings.serverAddresses = serverAddresses(state.settings, snapshot)
        if let chosen = chosenNamespaces(snapshot) { state.settings.namespaces = chosen }
        var builder = ZoneBuilder(settings: state.settings)
        var tree = ZoneTree(settings: state.settings, readiness: readiness)
        builder.update(snapshot: snapshot, dirty: DirtyKeys(), now: serial, nodesPerPart: Self.nodesPerPart) {
            tree.apply($0)
        }
        state.builder = builder
        state.tree = tree
        publisher.publish(state.tree.zone)
    }

    /// Names in memory twice while the zone is built anew: some MB.
    private static let nodesPerPart = 4096

    /// Service ranges, cluster CIDRs, and what Nodes and ServiceCIDRs have beyond those.
    private func ranges(_ snapshot: ClusterSnapshot) -> [IPPrefix] {
        let told = snapshot.nodes.values.flatMap(\.podCIDRs) + snapshot.serviceCIDRs.values.flatMap(\.cidrs)
        let more = told.filter { range in
            !staticRanges.contains { $0.length <= range.length && $0.contains(range.address) }
        }
        return staticRanges + Set(more).sorted { ($0.address, $0.length) < ($1.address, $1.length) }
    }

    /// Where this server is reached: what the options say, and the ClusterIPs of the Service it answers for.
    private func serverAddresses(_ settings: ZoneSettings, _ snapshot: ClusterSnapshot) -> [IPAddress] {
        let service = settings.serverService.flatMap { snapshot.services[$0] }
        return staticAddresses + (service?.spec.clusterAddresses ?? []).filter { !staticAddresses.contains($0) }
    }

    /// The namespaces that the selector takes; nil without one.
    private func chosenNamespaces(_ snapshot: ClusterSnapshot) -> Set<String>? {
        guard let namespaceLabels else { return nil }
        return Set(snapshot.namespaces.values.filter { namespaceLabels.matches($0.metadata.labels) }.map(\.metadata.name))
    }

    /// What Nodes, Namespaces and the DNS Service say beyond the options has changed: rare, and worth building the zone anew.
    private func settingsChanged(_ settings: ZoneSettings, _ snapshot: ClusterSnapshot, _ dirty: DirtyKeys) -> Bool {
        let kinds = Set(dirty.objects.lazy.map(\.kind))
        if kinds.contains(.node) || kinds.contains(.serviceCIDR), ranges(snapshot) != settings.reverseRanges { return true }
        if kinds.contains(.service), serverAddresses(settings, snapshot) != settings.serverAddresses { return true }
        guard kinds.contains(.namespace), let chosen = chosenNamespaces(snapshot) else { return false }
        return chosen != settings.namespaces
    }

    var readiness: DNSReadiness {
        let (zone, age, sources) = told.withLock { ($0.zone, $0.age, $0.sources) }
        let now = clock()
        return DNSReadiness(
            zone: zone, age: age.seconds(at: now), source: sources.overall,
            kindAges: Dictionary(uniqueKeysWithValues: Self.kinds.map { ($0, DataAge(sources[$0]).seconds(at: now)) }),
            maximumStaleness: maximumStaleness)
    }

    /// What names are made of.
    private static let kinds: [ObjectKind] = [.service, .endpointSlice, .pod, .node, .namespace]

    /// Of the SOA record: the time of a change.
    private var serial: UInt32 { UInt32(truncatingIfNeeded: clock()) }

    /// Seconds since 1970.
    static let wallClock: @Sendable () -> Int64 = { Int64(Date.now.timeIntervalSince1970) }
}

extension DNSEngine {
    /// From the change of an endpoint, as its slice tells it, to the name that shows it.
    private func recordProgramming(_ snapshot: ClusterSnapshot, _ dirty: DirtyKeys) {
        let now = Date.now.timeIntervalSince1970
        for reference in dirty.objects where reference.kind == .endpointSlice {
            guard let slice = snapshot.endpointSlices[reference.key],
                let text = slice.metadata.annotations[AnnotationKey.lastChangeTriggerTime],
                let time = Timestamp(text), let key = slice.serviceKey, let service = snapshot.services[key],
                service.spec.isHeadless
            else { continue }
            let kind = service.spec.selector.isEmpty ? "headless_without_selector" : "headless_with_selector"
            let seconds = now - Double(time.seconds) - Double(time.nanoseconds) / 1e9
            // What changed before this process began says nothing about it.
            guard seconds >= 0, seconds < now - Self.startTime else { continue }
            CoreMetrics.Timer(
                label: "coredns_kubernetes_dns_programming_duration_seconds", dimensions: [("service_kind", kind)]
            ).recordNanoseconds(Int64(seconds * 1e9))
        }
    }

    private static let startTime = Date.now.timeIntervalSince1970

    private func record(_ name: String, _ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        CoreMetrics.Timer(label: name).recordNanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
}
