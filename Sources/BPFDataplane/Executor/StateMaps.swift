internal import BPF
internal import CBPFMaps

/// The maps that the kernel's programs fill, and the two that the daemon tells them the node by. They outlive changes of
/// the maps of Services: connections go on.
struct StateMaps: ~Copyable, Sendable {
    let connections: BPFMap<fw_tuple, fw_connection>
    let sockets: BPFMap<UInt64, fw_socket>
    let socketFlows: BPFMap<fw_socket_flow_key, fw_socket_flow>
    let affinity: BPFMap<fw_affinity_key, fw_affinity>
    let drops: BPFPerCPUMap<UInt32, UInt64>
    let usage: BPFMap<UInt32, UInt64>
    let interfaces: BPFMap<UInt32, fw_interface>
    let settings: BPFMap<UInt32, fw_settings>

    init(_ open: (String) throws(BPFError) -> BPFMapHandle) throws(BPFError) {
        // Whole or not at all: an owner cannot be given up half made.
        let connections = try BPFMap<fw_tuple, fw_connection>(try open("connections"))
        let sockets = try BPFMap<UInt64, fw_socket>(try open("sockets"))
        let socketFlows = try BPFMap<fw_socket_flow_key, fw_socket_flow>(try open("socket_flows"))
        let affinity = try BPFMap<fw_affinity_key, fw_affinity>(try open("affinity"))
        let drops = try BPFPerCPUMap<UInt32, UInt64>(try open("drops"))
        let usage = try BPFMap<UInt32, UInt64>(try open("usage"))
        let interfaces = try BPFMap<UInt32, fw_interface>(try open("interfaces"))
        let settings = try BPFMap<UInt32, fw_settings>(try open("settings"))
        self.connections = connections
        self.sockets = sockets
        self.socketFlows = socketFlows
        self.affinity = affinity
        self.drops = drops
        self.usage = usage
        self.interfaces = interfaces
        self.settings = settings
    }
}
