import CNetfilter
import Glibc

/// One filter of an interface's clsact qdisc, whoever made it.
package struct TrafficFilterEntry: Sendable, Hashable {
    package let priority: UInt16
    /// 0 where the kernel names the priority itself, without a filter of it.
    package let handle: UInt32
    /// As `bpf`, `flower`, `matchall`.
    package let kind: String
}

/// What others have at an interface's hooks for tc, over rtnetlink: to be read, not to be changed.
///
/// Of the network namespace of the thread that opened it. Its calls block.
package struct TrafficFilters: ~Copyable, Sendable {
    private let socket: NetlinkSocket

    package init() throws(NetlinkError) { socket = try NetlinkSocket(.route) }

    /// The kind of the qdisc that the hooks belong to: `clsact`, or `ingress`, which has the one hook only; nil: none.
    ///
    /// - Throws: when there is no such interface.
    package func qdiscKind(interfaceIndex: UInt32) throws(NetlinkError) -> String? {
        var kind: String?
        do throws(NetlinkError) {
            // The kernel answers as it notifies: to the group, and to the asker only when that asks for an echo.
            try ask(
                Int32(RTM_GETQDISC), NLM_F_ACK | NLM_F_ECHO, interfaceIndex, parent: TC_H_INGRESS, "look at qdisc",
                restart: { kind = nil }
            ) { kind = $0.kind ?? kind }
        } catch where error.code == .notFound {
            return nil
        }
        return kind
    }

    /// The filters of both hooks; none without the qdisc.
    package func list(interfaceIndex: UInt32) throws(NetlinkError) -> [TrafficFilterEntry] {
        var found: [TrafficFilterEntry] = []
        for hook in [TC_H_MIN_INGRESS, TC_H_MIN_EGRESS] {
            let before = found
            try ask(
                Int32(RTM_GETTFILTER), NLM_F_DUMP, interfaceIndex, parent: TC_H_CLSACT & 0xffff_0000 | hook,
                "list filters", restart: { found = before }
            ) { message in
                guard let kind = message.kind else { return }
                let priority = UInt16(truncatingIfNeeded: message.info >> 16)
                found.append(TrafficFilterEntry(priority: priority, handle: message.handle, kind: kind))
            }
        }
        return found
    }

    /// What is read of a message of tc: linux/rtnetlink.h `struct tcmsg`, and TCA_KIND.
    private struct Message {
        let handle: UInt32
        let info: UInt32
        let kind: String?
    }

    private static let headerBytes = 20

    private func ask(
        _ type: Int32, _ flags: Int32, _ interfaceIndex: UInt32, parent: UInt32, _ doing: String, restart: () -> Void,
        _ body: (Message) -> Void
    ) throws(NetlinkError) {
        var writer = NetlinkWriter(capacity: 64)
        let start = writer.beginMessage(type: UInt16(type), flags: UInt16(NLM_F_REQUEST | flags), sequence: 1)
        var header = [UInt8](repeating: 0, count: Self.headerBytes)
        for (offset, field) in [(4, interfaceIndex), (12, parent)] {
            for byte in 0..<4 { header[offset + byte] = Self.byte(byte, of: field) }
        }
        writer.append(header)
        writer.endMessage(at: start)
        let doing = "\(doing) of interface \(interfaceIndex)"
        try socket.dump(writer, doing: doing, restart: restart) { header, payload throws(NetlinkError) in
            guard [Int32(RTM_NEWTFILTER), Int32(RTM_NEWQDISC)].contains(Int32(header.type)),
                let index = payload.integer(at: 4, as: UInt32.self), index == interfaceIndex,
                let handle = payload.integer(at: 8, as: UInt32.self), let info = payload.integer(at: 16, as: UInt32.self)
            else { return }
            let kind = payload.range(ofAttribute: Int(TCA_KIND), in: Self.headerBytes..<payload.byteCount)
            body(Message(handle: handle, info: info, kind: kind.map { payload.extracting($0).text }))
        }
    }

    /// Of a field in the host's order.
    private static func byte(_ index: Int, of field: UInt32) -> UInt8 {
        UInt8(truncatingIfNeeded: field.littleEndian >> UInt32(index * 8))
    }
}
