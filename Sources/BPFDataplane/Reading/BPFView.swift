internal import BPF
internal import CBPFMaps
internal import LinuxSystem
internal import Synchronization

/// What the kernel holds of the ebpf mode, read when it is asked for. For any thread; empty before the mode works.
package final class BPFView: Sendable {
    private let engine = Mutex<BPFEngine?>(nil)

    package init() {}

    func show(_ engine: BPFEngine?) { self.engine.withLock { $0 = engine } }

    /// Every service port with its backends, in the order of their names. O(Services).
    package func virtualServers() throws -> [BPFVirtualServer] {
        guard let engine = engine.withLock({ $0 }) else { return [] }
        let (maps, table) = engine.services.withLock { ($0.maps, $0.table) }
        return try VirtualServerList(maps.maps, table).servers
    }

    /// Open connections: of sockets of this node, and of packets. At most `limit`. O(connections).
    package func connections(limit: Int) throws -> [BPFConnectionRecord] {
        guard let engine = engine.withLock({ $0 }) else { return [] }
        return try ConnectionList(engine).records(limit: limit)
    }

    /// Packets and connects that were dropped or refused, by reason.
    package func drops() throws -> [(reason: String, count: UInt64)] {
        guard let engine = engine.withLock({ $0 }) else { return [] }
        return try Self.dropReasons.enumerated().map { index, reason in
            (reason, try engine.state.maps.drops.sum(UInt32(index)) ?? 0)
        }
    }

    /// In the order of `enum fw_drop`.
    static let dropReasons = [
        "policy", "source", "unallocated", "no_backend", "table_full", "ports_exhausted", "malformed", "fragment",
        "unsupported", "rejected", "socket_rejected", "stray", "reject_limited", "unanswered",
    ]

    package func usage() throws -> BPFTableUsage {
        var usage = BPFTableUsage()
        guard let engine = engine.withLock({ $0 }) else { return usage }
        let maps = engine.state
        func count(_ index: fw_usage) throws -> UInt64 { try maps.maps.usage.lookup(index.rawValue) ?? 0 }
        usage.connections = try count(FW_USED_CONNECTIONS)
        usage.sockets = try count(FW_USED_SOCKETS)
        usage.connectionsRefused = try count(FW_FULL_CONNECTIONS)
        usage.socketsUncounted = try count(FW_FULL_SOCKETS)
        usage.expired = try count(FW_EXPIRED)
        usage.evicted = try count(FW_EVICTED)
        usage.connectionLimit = maps.maps.connections.shape.maxEntries
        usage.socketLimit = maps.maps.sockets.shape.maxEntries
        return usage
    }
}
