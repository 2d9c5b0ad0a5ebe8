internal import BPF
internal import CBPFMaps
internal import Glibc
internal import NetworkTypes

/// Reads open connections out of the maps.
struct ConnectionList {
    private let engine: BPFEngine

    init(_ engine: BPFEngine) { self.engine = engine }

    func records(limit: Int) throws -> [BPFConnectionRecord] {
        var records: [BPFConnectionRecord] = []
        let now = Self.now()
        let times = engine.options.idleTimes
        try engine.state.maps.connections.forEach { tuple, entry in
            if let record = BPFConnectionRecord(tuple, entry, now: now, times) { records.append(record) }
            return records.count < limit
        }
        try engine.state.maps.sockets.forEach { _, socket in
            guard records.count < limit else { return false }
            if let record = BPFConnectionRecord(socket) { records.append(record) }
            return true
        }
        return records
    }

    /// Nanoseconds of the clock that `bpf_ktime_get_ns` reads.
    private static func now() -> UInt64 {
        var time = timespec()
        // SAFETY: the kernel writes one struct timespec.
        guard unsafe clock_gettime(CLOCK_MONOTONIC, &time) == 0 else { return 0 }
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

extension BPFConnectionRecord.End {
    init(_ address: fw_address, _ port: UInt16) {
        self.init(address: IPAddress(address), port: UInt16(bigEndian: port))
    }
}

extension BPFConnectionRecord {
    /// Nil for all but the entry that stands for the connection.
    fileprivate init?(_ tuple: fw_tuple, _ entry: fw_connection, now: UInt64, _ times: BPFSettings.IdleTimes) {
        guard UInt32(entry.role) == FW_FORWARD.rawValue, let transport = TransportProtocol(rawValue: tuple.protocol) else {
            return nil
        }
        let (state, time): (State, Duration) =
            switch (transport, UInt32(entry.state)) {
            case (.udp, _), (.sctp, _): (.udp, times.udp)
            case (_, FW_NEW.rawValue): (.opening, times.openingTCP)
            case (_, FW_ESTABLISHED.rawValue): (.established, times.establishedTCP)
            case (_, FW_CLOSING.rawValue): (.closing, times.closingTCP)
            default: (.closed, times.closingTCP)
            }
        let idle = Int((now > entry.seen ? now - entry.seen : 0) / 1_000_000_000)
        self.init(
            protocol: transport, state: state, expires: max(Int(time.components.seconds) - idle, 0),
            source: End(tuple.source, tuple.source_port), virtual: End(tuple.destination, tuple.destination_port),
            destination: End(entry.becomes.destination, entry.becomes.destination_port))
    }

    /// Nil for one that is not connected: its flows are many.
    fileprivate init?(_ socket: fw_socket) {
        guard socket.backend != 0, let transport = TransportProtocol(rawValue: socket.protocol) else { return nil }
        self.init(
            protocol: transport, state: .socket, expires: nil, source: nil,
            virtual: End(socket.frontend, socket.frontend_port), destination: End(socket.peer, socket.peer_port))
    }
}
