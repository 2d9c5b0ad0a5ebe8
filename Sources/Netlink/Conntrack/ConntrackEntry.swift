package import NetworkTypes

/// One direction of a flow as connection tracking has it.
package struct ConntrackTuple: Sendable, Hashable, CustomStringConvertible {
    package var source: IPAddress
    package var sourcePort: UInt16
    package var destination: IPAddress
    package var destinationPort: UInt16

    package init(source: IPAddress, sourcePort: UInt16, destination: IPAddress, destinationPort: UInt16) {
        self.source = source
        self.sourcePort = sourcePort
        self.destination = destination
        self.destinationPort = destinationPort
    }

    /// The way back when nothing is translated.
    package var reversed: ConntrackTuple {
        ConntrackTuple(
            source: destination, sourcePort: destinationPort, destination: source, destinationPort: sourcePort)
    }

    /// As `conntrack -L` prints it.
    package var description: String {
        "src=\(source) dst=\(destination) sport=\(sourcePort) dport=\(destinationPort)"
    }
}

/// IPS_* of linux/netfilter/nf_conntrack_common.h, as far as Fairway decides by them.
package struct ConntrackStatus: OptionSet, Sendable, Hashable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Packets went both ways.
    package static let seenReply = ConntrackStatus(rawValue: 1 << 1)
    /// Not the first to go when the table is full.
    package static let assured = ConntrackStatus(rawValue: 1 << 2)
    /// In the table.
    package static let confirmed = ConntrackStatus(rawValue: 1 << 3)
    package static let sourceTranslated = ConntrackStatus(rawValue: 1 << 4)
    package static let destinationTranslated = ConntrackStatus(rawValue: 1 << 5)
}

/// An entry of the connection tracking table, of a protocol that a Service port can name.
package struct ConntrackEntry: Sendable, Hashable, CustomStringConvertible {
    package var `protocol`: TransportProtocol
    /// As the first packet was sent.
    package var original: ConntrackTuple
    /// As replies are expected: its source is where the flow really goes.
    package var reply: ConntrackTuple
    package var status: ConntrackStatus
    /// Tells this entry from a later one with the same tuples; 0 when not known.
    package var id: UInt32
    /// Seconds until it is forgotten if no packet comes.
    package var timeoutSeconds: UInt32
    /// The conntrack zone; 0 unless somebody's rules say otherwise.
    package var zone: UInt16

    package init(
        _ protocol: TransportProtocol, original: ConntrackTuple, reply: ConntrackTuple? = nil,
        status: ConntrackStatus = .confirmed, id: UInt32 = 0, timeoutSeconds: UInt32 = 120, zone: UInt16 = 0
    ) {
        self.protocol = `protocol`
        self.original = original
        self.reply = reply ?? original.reversed
        self.status = status
        self.id = id
        self.timeoutSeconds = timeoutSeconds
        self.zone = zone
    }

    package var family: IPFamily { original.source.family }

    /// Where the flow really goes is where it was sent.
    package var goesWhereSent: Bool {
        reply.source == original.destination && reply.sourcePort == original.destinationPort
    }

    package var description: String { "\(`protocol`) \(original) \(reply)" }
}
