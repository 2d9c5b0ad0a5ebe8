import BPF
import BPFPrograms
import CBPFMaps
import NetworkNamespaceTesting
import Synchronization

/// The packet and maintenance programs over maps of their own. Verifying them takes longer than most tests, so that one
/// load is lent to one test after another, its maps emptied in between.
final class LoadedPacketPrograms: Sendable {
    let ingress: BPFProgram
    let egress: BPFProgram
    let maintenance: BPFProgram
    private let maps: [String: Map]
    private let connectionLimit: Int

    private final class Map: Sendable {
        let handle: BPFMapHandle
        init(_ handle: consuming BPFMapHandle) { self.handle = handle }
    }

    struct MissingObject: Error {}

    /// Not lent to anybody now: as many as tests were under way at once.
    private static let idle = Mutex<[LoadedPacketPrograms]>([])

    /// - Parameter connectionLimit: entries of the connection table.
    static func borrow(connectionLimit: Int) throws -> LoadedPacketPrograms {
        let found = idle.withLock { idle in
            idle.firstIndex { $0.connectionLimit == connectionLimit }.map { idle.remove(at: $0) }
        }
        guard let found else { return try LoadedPacketPrograms(connectionLimit: connectionLimit) }
        try found.empty()
        return found
    }

    /// Nobody may use them any more, nor may they be attached anywhere.
    func giveBack() { Self.idle.withLock { $0.append(self) } }

    init(connectionLimit: Int) throws {
        var packet = try Self.open("packet")
        try packet.setMaxEntries(connectionLimit, of: "connections")
        try packet.load()
        var sweeper = try Self.open("maintenance")
        try sweeper.reuseMaps(of: packet)
        try sweeper.load()
        var maps: [String: Map] = [:]
        for name in packet.mapNames { maps[name] = Map(try packet.map(name)) }
        (self.maps, self.connectionLimit) = (maps, connectionLimit)
        ingress = try packet.program("fairway_ingress")
        egress = try packet.program("fairway_egress")
        maintenance = try sweeper.program("fairway_maintenance")
    }

    private static func open(_ name: String) throws -> BPFObject {
        guard let bytes = BPFPrograms.object(name) else { throw MissingObject() }
        return try BPFObject(bytes, name: name)
    }

    /// A second owner of the map.
    func map(_ name: String) throws -> BPFMapHandle {
        guard let map = maps[name] else { throw MissingObject() }
        return try map.handle.duplicate()
    }
}

extension LoadedPacketPrograms {
    /// Every map, or a test would find what another left.
    private func empty() throws {
        var left = Set(maps.keys)
        func empty<Key: BitwiseCopyable, Value: BitwiseCopyable>(_ name: String, _: Key.Type, _: Value.Type) throws {
            let map = try BPFMap<Key, Value>(map(name))
            while let key = try map.key(after: nil) { try map.delete(key) }
            left.remove(name)
        }
        try empty("connections", fw_tuple.self, fw_connection.self)
        try empty("fragments", fw_fragment_key.self, fw_fragment.self)
        try empty("affinity", fw_affinity_key.self, fw_affinity.self)
        try empty("sockets", UInt64.self, fw_socket.self)
        try empty("socket_flows", fw_socket_flow_key.self, fw_socket_flow.self)
        try empty("frontends", fw_frontend_key.self, fw_frontend.self)
        try empty("backend_sets", fw_set_key.self, fw_backend_set.self)
        try empty("cursors", fw_set_key.self, UInt64.self)
        try empty("slots", fw_slot_key.self, UInt32.self)
        try empty("backends", UInt32.self, fw_backend.self)
        try empty("loads", UInt32.self, fw_load.self)
        try empty("siblings", fw_sibling_key.self, UInt32.self)
        try empty("interfaces", UInt32.self, fw_interface.self)
        try empty("sources", fw_source_key.self, UInt8.self)
        for name in ["nodeport_addresses", "cluster_ips"] { try empty(name, fw_address.self, UInt8.self) }
        for name in ["service_ranges", "pod_ranges"] { try empty(name, fw_prefix.self, UInt8.self) }
        let counters = try BPFPerCPUMap<UInt32, fw_counters>(map("counters"))
        while let key = try counters.key(after: nil) { try counters.delete(key) }
        try zeroArrays()
        // A program writes `scratch` before it reads it.
        left.subtract(["counters", "settings", "address_filter", "usage", "drops", "reject_budget", "scratch"])
        guard left.isEmpty else { throw TestSupportError("nobody empties the maps \(left.sorted())") }
    }

    private func zeroArrays() throws {
        try BPFMap<UInt32, fw_settings>(map("settings")).update(0, fw_settings())
        let filter = try BPFMap<UInt32, UInt64>(map("address_filter"))
        let words = Array(0..<UInt32(FW_FILTER_BITS / 64))
        try filter.updateBatch(keys: words, values: words.map { _ in 0 }, .any)
        let usage = try BPFMap<UInt32, UInt64>(map("usage"))
        for index in 0..<FW_USAGES.rawValue { try usage.update(index, 0) }
        let drops = try BPFPerCPUMap<UInt32, UInt64>(map("drops"))
        try drops.updateBatch(Array(0..<FW_DROP_REASONS.rawValue), 0)
        try BPFPerCPUMap<UInt32, UInt64>(map("reject_budget")).update(0, 0)
    }
}
