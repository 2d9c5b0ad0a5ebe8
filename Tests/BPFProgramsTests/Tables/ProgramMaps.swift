import BPF
import CBPFMaps

/// The maps of a loaded object that the programs under test read and write.
final class ProgramMaps: Sendable {
    let frontends: BPFMap<fw_frontend_key, fw_frontend>
    let backendSets: BPFMap<fw_set_key, fw_backend_set>
    let slots: BPFMap<fw_slot_key, UInt32>
    let backends: BPFMap<UInt32, fw_backend>
    let loads: BPFMap<UInt32, fw_load>
    let siblings: BPFMap<fw_sibling_key, UInt32>
    let nodePortAddresses: BPFMap<fw_address, UInt8>
    let clusterIPs: BPFMap<fw_address, UInt8>
    let settings: BPFMap<UInt32, fw_settings>
    let affinity: BPFMap<fw_affinity_key, fw_affinity>
    let sockets: BPFMap<UInt64, fw_socket>
    let socketFlows: BPFMap<fw_socket_flow_key, fw_socket_flow>
    let usage: BPFMap<UInt32, UInt64>
    let drops: BPFPerCPUMap<UInt32, UInt64>
    let counters: BPFPerCPUMap<UInt32, fw_counters>

    init(of object: borrowing BPFObject) throws {
        frontends = try BPFMap(try object.map("frontends"))
        backendSets = try BPFMap(try object.map("backend_sets"))
        slots = try BPFMap(try object.map("slots"))
        backends = try BPFMap(try object.map("backends"))
        loads = try BPFMap(try object.map("loads"))
        siblings = try BPFMap(try object.map("siblings"))
        nodePortAddresses = try BPFMap(try object.map("nodeport_addresses"))
        clusterIPs = try BPFMap(try object.map("cluster_ips"))
        settings = try BPFMap(try object.map("settings"))
        affinity = try BPFMap(try object.map("affinity"))
        sockets = try BPFMap(try object.map("sockets"))
        socketFlows = try BPFMap(try object.map("socket_flows"))
        usage = try BPFMap(try object.map("usage"))
        drops = try BPFPerCPUMap(try object.map("drops"))
        counters = try BPFPerCPUMap(try object.map("counters"))
    }

    func load(_ backend: UInt32) throws -> UInt64? { try loads.lookup(backend)?.connections }

    func setLoad(_ backend: UInt32, _ connections: UInt64) throws {
        try loads.update(backend, fw_load(connections: connections))
    }

    func usage(_ which: fw_usage) throws -> UInt64? { try usage.lookup(which.rawValue) }

    func drops(_ reason: fw_drop) throws -> UInt64? { try drops.sum(reason.rawValue) }

    /// Connections that a backend was given so far.
    func connections(_ backend: UInt32) throws -> UInt64 {
        try counters.lookup(backend)?.reduce(0) { $0 + $1.connections } ?? 0
    }
}
