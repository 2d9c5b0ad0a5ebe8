internal import BPF
internal import CBPFMaps
internal import Dataplane
internal import LinuxSystem
internal import NetworkTypes
internal import ServiceTable
internal import Synchronization

/// The ebpf mode at work: pins, maps, programs, and the two threads beside the dataplane's.
///
/// What the planner knows and the maps it fills are one lock (`services`); interfaces and settings are another
/// (`NodeInterfaces`), taken after it where both are.
final class BPFEngine: Sendable {
    struct Services: ~Copyable {
        var planner: BPFMapPlanner
        var maps: SharedServiceMaps
        /// The table last synchronised, of both families.
        var table = ServiceTable()
        var synced: Set<IPFamily> = []
        /// What the kernel held when it was adopted, good for the first synchronisation of each family.
        var adopted: BPFKernelState?
        /// Every map of the programs at work.
        var open: SharedMaps
        /// Removals that wait until no packet reads them any more, with the number of the commit that asked.
        var reclaim: [(commit: UInt64, write: BPFMapWrite)] = []
        var commit: UInt64 = 0
        /// Loaded, and not attached before both families are synchronised; nil once they are.
        var waiting: LoadedPrograms?
    }

    let options: BPFSettings
    /// Held as long as the engine works, for its lock.
    private let folder: Mutex<PinFolder?>
    let state: SharedStateMaps
    let interfaces: NodeInterfaces
    let notify: @Sendable (BPFNotice) -> Void
    let services: Mutex<Services>
    let maintenanceProgram: Mutex<SharedProgram>
    private let links: CgroupLinks
    private let threads = Mutex<(follower: InterfaceFollower?, maintenance: Maintenance?)>((nil, nil))

    /// Opens the pin folder, loads the programs, and takes over what an earlier process left there.
    ///
    /// - Throws: `.unsupported` naming what the kernel lacks, `.newerVersion`, `.refused` when another process has the
    ///   folder.
    init(_ options: BPFSettings, notify: @escaping @Sendable (BPFNotice) -> Void) throws(DataplaneError) {
        try Self.probe()
        self.options = options
        self.notify = notify
        let opened = try dataplane("open pin folder \(options.pinPath)") { try PinFolder(options.pinPath) }
        let cgroup = try Self.cgroup(options)
        links = CgroupLinks(cgroup: cgroup, folder: options.pinPath)
        let cookie = try dataplane("ask for the network namespace's cookie") { try NetworkNamespace.currentCookie() }
        let loaded = try Self.load(options, cookie, notify)
        folder = Mutex(consume opened)
        let maps = loaded.maps
        let state = try dataplane("open maps") {
            SharedStateMaps(try StateMaps { name throws(BPFError) in try maps.handle(name) })
        }
        self.state = state
        let adopted = loaded.isAdopted
        let serviceMaps = try dataplane("open maps") { try SharedServiceMaps(maps) }
        let settings = try dataplane("read settings") { adopted ? try state.maps.settings.lookup(0) : nil }
        let detect = settings?.detect ?? 0
        interfaces = NodeInterfaces(options, maps: state, adopted: settings, namespaceCookie: cookie, notify: notify)
        let kernel = try dataplane("read maps") { adopted ? try serviceMaps.maps.state(detect: detect) : BPFKernelState() }
        services = Mutex(
            Services(
                planner: BPFMapPlanner(idSeed: .random(in: 1...(1 << 30))), maps: serviceMaps, adopted: kernel,
                open: maps, waiting: loaded.programs))
        maintenanceProgram = Mutex(loaded.programs.maintenance)
        try dataplane("follow interfaces") { try start() }
        if adopted { try attachNow() }
        try dataplane("pin maps") { try PinnedMaps(folder: options.pinPath).pin(maps) }
    }

    /// What `init` finds out before it changes anything.
    static func rehearse(_ options: BPFSettings) throws(DataplaneError) {
        try probe()
        try dataplane("open pin folder \(options.pinPath)") { try PinFolder.requirePlace(options.pinPath) }
        let links = CgroupLinks(cgroup: try cgroup(options), folder: options.pinPath)
        try dataplane("start the ebpf mode") { try links.requireCgroup() }
        let pinned = PinnedMaps(folder: options.pinPath)
        if case .newer(let schema) = try dataplane("read what is pinned at \(options.pinPath)", { try pinned.find() }) {
            throw newerVersion(schema, options)
        }
    }

    private static func newerVersion(_ schema: UInt32, _ options: BPFSettings) -> DataplaneError {
        DataplaneError(
            .newerVersion, doing: "read what is pinned at \(options.pinPath)",
            cause: "it was written by a newer Fairway (schema \(schema), this one knows \(FW_SCHEMA)); run that "
                + "version, or `fairway cleanup` first")
    }

    /// Every part that a kernel may lack is tried.
    private static func probe() throws(DataplaneError) {
        let missing = try dataplane("look at what this kernel can do") { try BPFFeature.missing() }
        guard !missing.isEmpty else { return }
        throw DataplaneError(
            .unsupported, doing: "start the ebpf mode",
            cause: missing.map(\.textWhenMissing).joined(separator: "; ") + "; run with --proxy-mode nftables instead")
    }

    private static func cgroup(_ options: BPFSettings) throws(DataplaneError) -> String {
        if let cgroup = options.cgroup { return cgroup }
        guard let root = CgroupMount.list().first else {
            throw DataplaneError(
                .unsupported, doing: "find the root of cgroup v2", cause: "it is mounted nowhere: mount -t cgroup2 none DIR")
        }
        return root
    }

    private static func load(
        _ options: BPFSettings, _ cookie: UInt64, _ notify: (BPFNotice) -> Void
    ) throws(DataplaneError) -> (programs: LoadedPrograms, maps: SharedMaps, isAdopted: Bool) {
        let pinned = PinnedMaps(folder: options.pinPath)
        let finding = try dataplane("read what is pinned at \(options.pinPath)") { try pinned.find() }
        switch finding {
        case .nothing: break
        case .older(let schema): notify(.info("maps of schema \(schema) are replaced; connections in them end"))
        case .newer(let schema): throw newerVersion(schema, options)
        case .current:
            do throws(BPFError) {
                var missing: [String] = []
                let loaded = try LoadedPrograms.load(limits: [:]) { name throws(BPFError) in
                    let map = try pinned.open(name)
                    if map == nil { missing.append(name) }
                    return map
                }
                if missing.isEmpty { return (loaded.programs, loaded.maps, true) }
                // What the others say of it would be taken for true.
                notify(
                    .warning(
                        "maps at \(options.pinPath) are replaced, connections in them end: "
                            + "\(missing.joined(separator: ", ")) missing"))
            } catch {
                guard error.code == .wrongShape else { throw DataplaneError(error, doing: "load programs") }
                notify(.warning("maps at \(options.pinPath) are replaced, connections in them end: \(error)"))
            }
        }
        let loaded = try dataplane("load programs") {
            try LoadedPrograms.load(limits: options.tableLimits.mapEntries) { _ throws(BPFError) in nil }
        }
        return (loaded.programs, loaded.maps, false)
    }

    private func start() throws {
        let follower = try InterfaceFollower(interfaces, notify: notify)
        threads.withLock { $0.follower = follower }
    }

    /// Has the programs work, in place of those of an earlier process.
    func attachNow() throws(DataplaneError) {
        let programs = services.withLock { services in
            defer { services.waiting = nil }
            return services.waiting
        }
        guard let programs else { return }
        try attach(programs)
        let maintenance = try dataplane("start maintenance") { try Maintenance(self) }
        threads.withLock { $0.maintenance = maintenance }
    }

    func attach(_ programs: LoadedPrograms) throws(DataplaneError) {
        try dataplane("attach programs to interfaces") {
            try interfaces.attach(PacketHooks(ingress: programs.ingress, egress: programs.egress))
        }
        try dataplane("attach programs to cgroup \(links.cgroup)") { try links.attach(programs) }
    }

    /// The maintenance thread has something to do before its time.
    func wakeMaintenance() { threads.withLock { $0.maintenance }?.wake() }

    /// Ends the threads. What is in the kernel stays there.
    func stop() {
        let (follower, maintenance) = threads.withLock { threads in
            defer { threads = (nil, nil) }
            return threads
        }
        follower?.stop()
        maintenance?.stop()
        folder.withLock { $0 = nil }
    }
}

/// Open maps of Services that several threads use.
final class SharedServiceMaps: Sendable {
    let maps: ServiceMaps

    init(_ maps: SharedMaps) throws(BPFError) {
        self.maps = try ServiceMaps { name throws(BPFError) in try maps.handle(name) }
    }
}
