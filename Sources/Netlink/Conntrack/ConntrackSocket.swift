import CNetfilter
import Glibc
import NetworkTypes

/// The connection tracking table of the network namespace of the thread that opened it (ctnetlink).
///
/// Its calls block; run them on a dedicated thread, one at a time. The table itself is never held:
/// what the kernel hands out is passed on entry by entry.
package struct ConntrackSocket: ~Copyable, Sendable {
    let socket: NetlinkSocket

    /// - Throws: `.unsupported` when the kernel lacks nfnetlink.
    package init() throws(NetlinkError) { socket = try NetlinkSocket(.netfilter) }

    /// Hands every entry that the kernel finds for `filter` to `body`, in no order. Entries that come
    /// or go meanwhile may or may not be among them; some may come that do not match (`ConntrackFilter`).
    ///
    /// - Parameter restart: called before the first entry, and again when the reading begins anew.
    package func forEachEntry(
        matching filter: ConntrackFilter, restart: () -> Void = {}, _ body: (ConntrackEntry) -> Void
    ) throws(NetlinkError) {
        var writer = NetlinkWriter(capacity: 256)
        let start = ConntrackSocket.begin(&writer, IPCTNL_MSG_CT_GET, flags: NLM_F_DUMP, family: filter.family)
        filter.write(to: &writer)
        writer.endMessage(at: start)
        try socket.dump(writer, doing: "list connections", restart: restart) { header, payload in
            if let entry = ConntrackEntry(payload) { body(entry) }
        }
    }

    /// How many entries this namespace has, of all protocols.
    package func count() throws(NetlinkError) -> Int {
        let doing = "count connections"
        var writer = NetlinkWriter(capacity: 64)
        let start = ConntrackSocket.begin(&writer, IPCTNL_MSG_CT_GET_STATS, flags: 0, family: nil)
        writer.endMessage(at: start)
        socket.drain()
        try socket.send(writer.storage, count: writer.count, doing: doing)
        var buffer = [UInt8](repeating: 0, count: NetlinkLimits.receiveBytes)
        var entries: UInt32?
        guard let received = try socket.receive(into: &buffer, wait: true, doing: doing) else {
            throw NetlinkError(.malformedAnswer, doing: doing)
        }
        try buffer.forEachMessage(count: received) { header, payload throws(NetlinkError) in
            if Int32(header.type) == NLMSG_ERROR, let answer = NetlinkAcknowledgement(header, payload) {
                throw NetlinkError(errno: answer.errno, doing: doing, kernelText: answer.text)
            }
            payload.forEachAttribute(from: NetlinkWriter.netfilterHeaderBytes) { type, value in
                if UInt32(type) == CTA_STATS_GLOBAL_ENTRIES.rawValue { entries = value.networkUInt32 }
            }
        }
        guard let entries else { throw NetlinkError(.malformedAnswer, doing: doing) }
        return Int(entries)
    }

    static func begin(
        _ writer: inout NetlinkWriter, _ type: cntl_msg_types, flags: Int32, family: IPFamily?, sequence: UInt32 = 1
    ) -> Int {
        let native = family.map { $0 == .ipv4 ? AF_INET : AF_INET6 } ?? AF_UNSPEC
        return writer.beginNetfilterMessage(
            type: UInt16(NFNL_SUBSYS_CTNETLINK) << 8 | UInt16(type.rawValue), flags: UInt16(NLM_F_REQUEST | flags),
            sequence: sequence, family: UInt8(native))
    }
}
