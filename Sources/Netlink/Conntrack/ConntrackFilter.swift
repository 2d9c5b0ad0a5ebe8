import CNetfilter
import Glibc
package import NetworkTypes

/// Which entries of the table the kernel hands out or deletes. Nil matches anything.
///
/// Kernels narrow a dump down as far as they can: by family always, by tuple from Linux 5.8 on, by
/// status from 5.15 on, by the ports of TCP and UDP only. What an older one does not know it ignores,
/// and more comes: who must be sure compares the entries again.
///
/// IPv6 addresses are not sent to the kernel: its comparison of them is the wrong way round and picks
/// the entries of every other address (`ctnetlink_filter_match_tuple`, seen in Linux 6.18).
package struct ConntrackFilter: Sendable, Hashable {
    package var family: IPFamily
    package var `protocol`: TransportProtocol?
    /// Where the first packet was sent.
    package var destination: IPAddress?
    /// Needs `protocol`.
    package var destinationPort: PortNumber?
    /// Where the flow really goes.
    package var replySource: IPAddress?
    /// The bits of `mask` have these values.
    package var status: (value: ConntrackStatus, mask: ConntrackStatus)? {
        get { statusMask.isEmpty ? nil : (statusValue, statusMask) }
        set {
            statusValue = newValue?.value ?? []
            statusMask = newValue?.mask ?? []
        }
    }
    private var statusValue: ConntrackStatus = []
    private var statusMask: ConntrackStatus = []

    package init(
        family: IPFamily, protocol: TransportProtocol? = nil, destination: IPAddress? = nil,
        destinationPort: PortNumber? = nil, replySource: IPAddress? = nil
    ) {
        self.family = family
        self.protocol = `protocol`
        self.destination = destination
        self.destinationPort = destinationPort
        self.replySource = replySource
    }

    /// Compares an entry in user space.
    package func matches(_ entry: ConntrackEntry) -> Bool {
        entry.family == family && `protocol`.map { $0 == entry.protocol } ?? true
            && destination.map { $0 == entry.original.destination } ?? true
            && destinationPort.map { $0.rawValue == entry.original.destinationPort } ?? true
            && replySource.map { $0 == entry.reply.source } ?? true
            && entry.status.intersection(statusMask) == statusValue
    }
}

extension ConntrackFilter {
    /// Fields of a tuple that a filter compares: bits of CTA_FILTER_ORIG_FLAGS and
    /// CTA_FILTER_REPLY_FLAGS (kernel: net/netfilter/nf_internals.h, in no header for programs).
    private enum Field {
        static let sourceAddress: UInt32 = 1 << 0
        static let destinationAddress: UInt32 = 1 << 1
        static let protocolNumber: UInt32 = 1 << 3
        static let destinationPort: UInt32 = 1 << 5
        /// No kernel knows it: refused by name where filters are known, ignored where they are not.
        static let unknown: UInt32 = 1 << 31
    }
    /// Attributes inside CTA_FILTER (nf_conntrack_netlink.c `ctattr_filter`).
    private enum Attribute {
        static let originalFlags = 1
        static let replyFlags = 2
    }

    /// Writes the attributes that select.
    func write(to writer: inout NetlinkWriter) {
        var original: UInt32 = 0
        var reply: UInt32 = 0
        let destination = family == .ipv4 ? self.destination : nil
        let replySource = family == .ipv4 ? self.replySource : nil
        if destination != nil { original |= Field.destinationAddress }
        if `protocol` != nil { original |= Field.protocolNumber }
        if `protocol` != nil && destinationPort != nil { original |= Field.destinationPort }
        if replySource != nil { reply |= Field.sourceAddress }
        if original != 0 {
            let tuple = writer.beginNest(Int(CTA_TUPLE_ORIG.rawValue))
            if let destination {
                let ip = writer.beginNest(Int(CTA_TUPLE_IP.rawValue))
                writer.put(Int(CTA_IP_V4_DST.rawValue), destination.networkBytes)
                writer.endNest(at: ip)
            }
            if let `protocol` {
                let nest = writer.beginNest(Int(CTA_TUPLE_PROTO.rawValue))
                writer.put(Int(CTA_PROTO_NUM.rawValue), [`protocol`.rawValue])
                if let destinationPort {
                    writer.put(Int(CTA_PROTO_DST_PORT.rawValue), networkOrder16: destinationPort.rawValue)
                }
                writer.endNest(at: nest)
            }
            writer.endNest(at: tuple)
        }
        if let replySource {
            let tuple = writer.beginNest(Int(CTA_TUPLE_REPLY.rawValue))
            let ip = writer.beginNest(Int(CTA_TUPLE_IP.rawValue))
            writer.put(Int(CTA_IP_V4_SRC.rawValue), replySource.networkBytes)
            writer.endNest(at: ip)
            writer.endNest(at: tuple)
        }
        if !statusMask.isEmpty {
            writer.put(Int(CTA_STATUS.rawValue), networkOrder: statusValue.rawValue)
            writer.put(Int(CTA_STATUS_MASK.rawValue), networkOrder: statusMask.rawValue)
        }
        if original != 0 || reply != 0 { ConntrackFilter.writeFlags(to: &writer, original, reply) }
    }

    /// Writes a filter that no kernel accepts.
    static func writeUnknown(to writer: inout NetlinkWriter) {
        writeFlags(to: &writer, Field.unknown, 0)
    }

    private static func writeFlags(to writer: inout NetlinkWriter, _ original: UInt32, _ reply: UInt32) {
        let nest = writer.beginNest(Int(CTA_FILTER.rawValue))
        // Host order, unlike every other number of ctnetlink.
        if original != 0 { writer.put(Attribute.originalFlags, networkOrder: original.bigEndian) }
        if reply != 0 { writer.put(Attribute.replyFlags, networkOrder: reply.bigEndian) }
        writer.endNest(at: nest)
    }
}
