extension BPFSettings.TableLimits {
    /// Entries of the maps, by name. A connection may have four entries; an unconnected UDP socket has three for each
    /// flow, and a small table still holds those of one (FW_SOCKET_FLOW_LIMIT).
    var mapEntries: [String: Int] {
        ["connections": connections * Eviction.entriesPerConnection, "sockets": sockets, "socket_flows": sockets]
    }
}
