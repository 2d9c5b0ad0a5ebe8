internal import BPF
internal import CBPFMaps

/// The maps that the planner fills, open.
struct ServiceMaps: ~Copyable, Sendable {
    let frontends: BPFMap<fw_frontend_key, fw_frontend>
    let backendSets: BPFMap<fw_set_key, fw_backend_set>
    let slots: BPFMap<fw_slot_key, UInt32>
    let backends: BPFMap<UInt32, fw_backend>
    let loads: BPFMap<UInt32, fw_load>
    let cursors: BPFMap<fw_set_key, UInt64>
    let siblings: BPFMap<fw_sibling_key, UInt32>
    let sources: BPFMap<fw_source_key, UInt8>
    let nodePortAddresses: BPFMap<fw_address, UInt8>
    let clusterIPs: BPFMap<fw_address, UInt8>
    let serviceRanges: BPFMap<fw_prefix, UInt8>
    let podRanges: BPFMap<fw_prefix, UInt8>
    let counters: BPFPerCPUMap<UInt32, fw_counters>
    let addressFilter: AddressFilter

    /// - Parameter openMap: gives a map by its name.
    init(_ openMap: (String) throws(BPFError) -> BPFMapHandle) throws(BPFError) {
        func open(_ map: BPFMapName) throws(BPFError) -> BPFMapHandle { try openMap(map.rawValue) }
        // Whole or not at all: an owner cannot be given up half made.
        let frontends = try BPFMap<fw_frontend_key, fw_frontend>(try open(.frontends))
        let backendSets = try BPFMap<fw_set_key, fw_backend_set>(try open(.backendSets))
        let slots = try BPFMap<fw_slot_key, UInt32>(try open(.slots))
        let backends = try BPFMap<UInt32, fw_backend>(try open(.backends))
        let loads = try BPFMap<UInt32, fw_load>(try open(.loads))
        let cursors = try BPFMap<fw_set_key, UInt64>(try open(.cursors))
        let siblings = try BPFMap<fw_sibling_key, UInt32>(try open(.siblings))
        let sources = try BPFMap<fw_source_key, UInt8>(try open(.sources))
        let nodePortAddresses = try BPFMap<fw_address, UInt8>(try open(.nodePortAddresses))
        let clusterIPs = try BPFMap<fw_address, UInt8>(try open(.clusterIPs))
        let serviceRanges = try BPFMap<fw_prefix, UInt8>(try open(.serviceRanges))
        let podRanges = try BPFMap<fw_prefix, UInt8>(try open(.podRanges))
        let counters = try BPFPerCPUMap<UInt32, fw_counters>(try open(.counters))
        let addressFilter = AddressFilter(try BPFMap<UInt32, UInt64>(try openMap("address_filter")))
        self.frontends = frontends
        self.backendSets = backendSets
        self.slots = slots
        self.backends = backends
        self.loads = loads
        self.cursors = cursors
        self.siblings = siblings
        self.sources = sources
        self.nodePortAddresses = nodePortAddresses
        self.clusterIPs = clusterIPs
        self.serviceRanges = serviceRanges
        self.podRanges = podRanges
        self.counters = counters
        self.addressFilter = addressFilter
    }

    /// The limit of a map.
    func maxEntries(_ map: BPFMapName) -> Int {
        switch map {
        case .frontends: frontends.shape.maxEntries
        case .backendSets: backendSets.shape.maxEntries
        case .slots: slots.shape.maxEntries
        case .backends: backends.shape.maxEntries
        case .loads: loads.shape.maxEntries
        case .cursors: cursors.shape.maxEntries
        case .siblings: siblings.shape.maxEntries
        case .sources: sources.shape.maxEntries
        case .nodePortAddresses: nodePortAddresses.shape.maxEntries
        case .clusterIPs: clusterIPs.shape.maxEntries
        case .serviceRanges: serviceRanges.shape.maxEntries
        case .podRanges: podRanges.shape.maxEntries
        case .counters: counters.shape.maxEntries
        }
    }
}
