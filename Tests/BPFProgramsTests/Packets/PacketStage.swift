import BPF
import CBPFMaps
import Glibc
import NetworkTypes

/// The packet programs with maps of their own, for packets in and packets out without an interface.
struct PacketStage: ~Copyable, Sendable {
    enum Hook: CaseIterable { case ingress, egress }

    let ingress: BPFProgram
    let egress: BPFProgram
    let connections: BPFMap<fw_tuple, fw_connection>
    let frontends: BPFMap<fw_frontend_key, fw_frontend>
    let clusterIPs: BPFMap<fw_address, UInt8>
    let backends: BPFMap<UInt32, fw_backend>
    let loads: BPFMap<UInt32, fw_load>
    let sets: BPFMap<fw_set_key, fw_backend_set>
    let slots: BPFMap<fw_slot_key, UInt32>
    let drops: BPFPerCPUMap<UInt32, UInt64>
    let usage: BPFMap<UInt32, UInt64>
    let fragments: BPFMap<fw_fragment_key, fw_fragment>
    let rejectBudget: BPFPerCPUMap<UInt32, UInt64>
    let settings: BPFMap<UInt32, fw_settings>
    let addressFilter: BPFMap<UInt32, UInt64>
    let nodePortAddresses: BPFMap<fw_address, UInt8>
    let serviceRanges: BPFMap<fw_prefix, UInt8>
    let podRanges: BPFMap<fw_prefix, UInt8>
    let sources: BPFMap<fw_source_key, UInt8>
    let interfaces: BPFMap<UInt32, fw_interface>
    let counters: BPFPerCPUMap<UInt32, fw_counters>
    let sockets: BPFMap<UInt64, fw_socket>
    let maintenance: BPFProgram
    private let loaded: LoadedPacketPrograms
    private let isLent: Bool

    deinit { if isLent { loaded.giveBack() } }
}

extension PacketStage {
    /// - Parameters:
    ///   - connectionLimit: entries of the connection table.
    ///   - isAttached: the programs are to be attached to interfaces, which may outlive the stage: no other gets them.
    init(connectionLimit: Int = 1 << 10, isAttached: Bool = false) throws {
        let loaded =
            try isAttached
            ? LoadedPacketPrograms(connectionLimit: connectionLimit)
            : LoadedPacketPrograms.borrow(connectionLimit: connectionLimit)
        try BPFMap<UInt32, fw_settings>(try loaded.map("settings")).update(0, Self.plainSettings)
        self.init(
            ingress: try loaded.ingress.duplicate(),
            egress: try loaded.egress.duplicate(),
            connections: try BPFMap(try loaded.map("connections")),
            frontends: try BPFMap(try loaded.map("frontends")),
            clusterIPs: try BPFMap(try loaded.map("cluster_ips")),
            backends: try BPFMap(try loaded.map("backends")),
            loads: try BPFMap(try loaded.map("loads")),
            sets: try BPFMap(try loaded.map("backend_sets")),
            slots: try BPFMap(try loaded.map("slots")),
            drops: try BPFPerCPUMap(try loaded.map("drops")),
            usage: try BPFMap(try loaded.map("usage")),
            fragments: try BPFMap(try loaded.map("fragments")),
            rejectBudget: try BPFPerCPUMap(try loaded.map("reject_budget")),
            settings: try BPFMap(try loaded.map("settings")),
            addressFilter: try BPFMap(try loaded.map("address_filter")),
            nodePortAddresses: try BPFMap(try loaded.map("nodeport_addresses")),
            serviceRanges: try BPFMap(try loaded.map("service_ranges")),
            podRanges: try BPFMap(try loaded.map("pod_ranges")),
            sources: try BPFMap(try loaded.map("sources")),
            interfaces: try BPFMap(try loaded.map("interfaces")),
            counters: try BPFPerCPUMap(try loaded.map("counters")),
            sockets: try BPFMap(try loaded.map("sockets")),
            maintenance: try loaded.maintenance.duplicate(),
            loaded: loaded, isLent: !isAttached)
    }

    static let nodeIPv4 = IPAddress.literal("192.0.2.1")
    static let nodeIPv6 = IPAddress.literal("2001:db8::1")

    static var plainSettings: fw_settings {
        var settings = fw_settings()
        settings.schema = UInt32(FW_SCHEMA)
        settings.ipv4 = fw_address(nodeIPv4)
        settings.ipv6 = fw_address(nodeIPv6)
        (settings.first_port, settings.last_port) = (32768, 60999)
        settings.tcp_established_seconds = 86_400
        settings.tcp_opening_seconds = 60
        settings.tcp_closing_seconds = 120
        settings.udp_seconds = 180
        return settings
    }

    /// Runs a frame through one of the programs. From another machine, unless `isOwn`.
    func run(_ hook: Hook, _ frame: [UInt8], isOwn: Bool = false) throws -> BPFTestResult {
        let context = BPFTestContext(ingressInterfaceIndex: isOwn ? 0 : 1)
        switch hook {
        case .ingress: return try ingress.testRun(packet: frame, context: context)
        case .egress: return try egress.testRun(packet: frame, context: context)
        }
    }

    /// What was dropped until now, for each reason.
    func dropCounts() throws -> [UInt32: UInt64] {
        var counts: [UInt32: UInt64] = [:]
        for reason in 0..<UInt32(FW_DROP_REASONS.rawValue) {
            if let count = try drops.sum(reason), count > 0 { counts[reason] = count }
        }
        return counts
    }
}

/// Actions of linux/pkt_cls.h as a program returns them.
enum TrafficAction {
    static let unspecified = UInt32.max
    static let ok: UInt32 = 0
    static let shot: UInt32 = 2
    static let redirect: UInt32 = 7
}

extension PacketStage {
    /// The clock of the programs.
    static var monotonicNanoseconds: UInt64 {
        var now = timespec()
        // SAFETY: the structure is this call's own.
        unsafe clock_gettime(CLOCK_MONOTONIC, &now)
        return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
    }

    /// Sets the time up to which ICMP answers are spent, from now on.
    func spendRejects(until later: Duration) throws {
        let start = later == .zero ? 0 : Self.monotonicNanoseconds
        try rejectBudget.update(0, start + UInt64(later.components.seconds) * 1_000_000_000)
    }
}
