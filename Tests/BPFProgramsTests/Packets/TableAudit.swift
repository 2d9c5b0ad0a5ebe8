import BPF
import CBPFMaps

/// Whether the table of connections is what it has to be between any two packets.
struct TableAudit {
    private(set) var faults: [String] = []
    private(set) var connectionCount = 0
    private var entries: [[UInt32]: fw_connection] = [:]
    private var counted: [UInt32: UInt64] = [:]

    init(_ stage: borrowing PacketStage) throws {
        for entry in try stage.connections.all() { entries[entry.key.values] = entry.value }
        for entry in try stage.connections.all() { check(entry.key, entry.value) }
        var loads: [UInt32: UInt64] = [:]
        for entry in try stage.loads.all() where entry.value.connections > 0 { loads[entry.key] = entry.value.connections }
        if loads != counted { faults.append("loads \(loads), counted entries \(counted)") }
        let used = try stage.usage.lookup(UInt32(FW_USED_CONNECTIONS.rawValue)) ?? 0
        if used != UInt64(connectionCount) { faults.append("\(used) connections in use, \(connectionCount) in the table") }
    }

    private mutating func check(_ key: fw_tuple, _ entry: fw_connection) {
        if entry.role == UInt8(FW_FORWARD.rawValue) {
            connectionCount += 1
            checkForward(key, entry)
        } else if let forward = entries[entry.forward.values] {
            if forward.role != UInt8(FW_FORWARD.rawValue) { faults.append("\(key.values) leads to no forward entry") }
            if !partners(entry.forward, forward).contains(where: { $0.key == key.values && $0.role == entry.role }) {
                faults.append("\(key.values) of role \(entry.role) is not one of its connection's")
            }
        } else {
            faults.append("\(key.values) of role \(entry.role) has no connection")
        }
    }

    private mutating func checkForward(_ key: fw_tuple, _ entry: fw_connection) {
        if entry.forward.values != key.values { faults.append("\(key.values) does not lead to itself") }
        if entry.flags & UInt32(FW_CONNECTION_COUNTED) != 0 { counted[entry.backend, default: 0] += 1 }
        for partner in partners(key, entry) {
            guard let other = entries[partner.key] else {
                faults.append("\(key.values) lacks its role \(partner.role)")
                continue
            }
            if other.role != partner.role || other.becomes.values != partner.becomes || other.forward.values != key.values {
                faults.append("\(key.values): role \(partner.role) is another's or leads elsewhere")
            }
        }
    }

    private struct Partner {
        var key: [UInt32]
        var role: UInt8
        var becomes: [UInt32]
    }

    private func partners(_ key: fw_tuple, _ forward: fw_connection) -> [Partner] {
        let middle = forward.becomes
        let reply = Partner(key: middle.reversed.values, role: UInt8(FW_REPLY.rawValue), becomes: key.reversed.values)
        guard forward.flags & UInt32(FW_CONNECTION_MASQUERADED) != 0 else { return [reply] }
        var beyond = middle
        beyond.source = forward.node
        return [
            reply,
            Partner(key: beyond.reversed.values, role: UInt8(FW_UNMASQUERADE.rawValue), becomes: middle.reversed.values),
            Partner(key: middle.values, role: UInt8(FW_MASQUERADING.rawValue), becomes: beyond.values),
        ]
    }
}
