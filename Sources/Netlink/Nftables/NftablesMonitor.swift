import CNetfilter
import Glibc

/// What a monitor saw, in the order the kernel committed it.
package enum NftablesEvent: Sendable, Hashable {
    /// Whose commit it was: the port id of the socket that sent it, 0 for the kernel itself.
    package typealias PortID = UInt32

    /// The kinds of object a commit changes.
    package enum Object: Sendable, Hashable {
        case table
        case chain
        case rule
        case set
        case elements
        /// Named objects, flow tables, and what later kernels add.
        case other
    }

    /// An object of a table was added, changed or removed. `family` is the kernel's NFPROTO number.
    /// A run of equal events of one commit is told once.
    case changed(Object, isRemoval: Bool, family: UInt8, table: String, name: String?, by: PortID)
    /// A commit ended: the ruleset has this generation now, made by this process.
    case generation(UInt32, processID: UInt32, processName: String, by: PortID)
    /// The kernel dropped notifications: anything may have changed.
    case overflow
}

/// Watches the nf_tables of the network namespace of the thread that opened it.
///
/// `next` blocks; run it on a dedicated thread and end it by signalling `stop`.
package struct NftablesMonitor: ~Copyable, Sendable {
    private let socket: NetlinkSocket
    private let stop: NetlinkStop?
    private let ignoredPortID: UInt32?
    private var buffer: [UInt8]

    /// - Parameters:
    ///   - stop: ends `next` when signalled; needed only for `next`.
    ///   - ignoredPortID: changes committed by this socket are left out, by the kernel already, so that
    ///     they cannot fill the queue; its generations are told.
    ///   - receiveQueueBytes: beyond it the kernel drops notifications, told as `.overflow`.
    package init(
        stop: NetlinkStop? = nil, ignoredPortID: UInt32? = nil,
        receiveQueueBytes: Int = NetlinkLimits.monitorQueueBytes
    ) throws(NetlinkError) {
        let socket = try NetlinkSocket(.netfilter, receiveQueueBytes: receiveQueueBytes)
        if let ignoredPortID {
            socket.dropMessages(
                causedBy: ignoredPortID, except: UInt16(NFNL_SUBSYS_NFTABLES) << 8 | UInt16(NFT_MSG_NEWGEN.rawValue))
        }
        try socket.join(group: UInt32(NFNLGRP_NFTABLES.rawValue))
        self.socket = socket
        self.stop = stop
        self.ignoredPortID = ignoredPortID
        buffer = [UInt8](repeating: 0, count: NetlinkLimits.receiveBytes)
    }

    /// Waits for notifications; nil once stopped.
    package mutating func next() throws(NetlinkError) -> [NftablesEvent]? {
        while true {
            guard try socket.waitReadable(or: stop, doing: Self.watching) else { return nil }
            if let events = try queued(), !events.isEmpty { return events }
        }
    }

    private static let watching = "watch nftables"

    /// One datagram of what is queued already; nil when nothing is.
    package mutating func queued() throws(NetlinkError) -> [NftablesEvent]? {
        do throws(NetlinkError) {
            guard let count = try socket.receive(into: &buffer, wait: false, doing: Self.watching) else { return nil }
            return decode(count)
        } catch {
            guard error.code == .overflow else { throw error }
            // Until the queue is empty the kernel drops further notifications without a word
            // (NETLINK_S_CONGESTED); what is thrown away here is covered by the overflow told.
            socket.drain()
            return [.overflow]
        }
    }

    private func decode(_ count: Int) -> [NftablesEvent] {
        var events: [NftablesEvent] = []
        var last: ChangeKey?
        buffer.forEachMessage(count: count) { header, payload in
            guard header.type >> 8 == UInt16(NFNL_SUBSYS_NFTABLES) else { return }
            let type = UInt32(header.type & 0xff)
            if type == NFT_MSG_NEWGEN.rawValue {
                events.append(NftablesMonitor.generation(header, payload))
                last = nil
                return
            }
            guard header.portID != ignoredPortID else { return }
            // A first sync tells of 100 000 elements of a few sets: those are one event a datagram.
            let key = ChangeKey(type: header.type, header: header, payload: payload)
            if let last, last == key { return }
            last = key
            events.append(key.event)
        }
        return events
    }

    private static func generation(_ header: NetlinkMessageHeader, _ payload: RawSpan) -> NftablesEvent {
        var generation: UInt32 = 0
        var processID: UInt32 = 0
        var processName = ""
        payload.forEachAttribute(from: NetlinkWriter.netfilterHeaderBytes) { type, value in
            switch UInt32(type) {
            case NFTA_GEN_ID.rawValue: generation = value.networkUInt32 ?? 0
            case NFTA_GEN_PROC_PID.rawValue: processID = value.networkUInt32 ?? 0
            case NFTA_GEN_PROC_NAME.rawValue: processName = value.text
            default: break
            }
        }
        return .generation(generation, processID: processID, processName: processName, by: header.portID)
    }
}

/// What makes two notifications the same event.
private struct ChangeKey: Equatable {
    let object: NftablesEvent.Object
    let isRemoval: Bool
    let family: UInt8
    let table: String
    let name: String?
    let portID: UInt32

    init(type: UInt16, header: NetlinkMessageHeader, payload: RawSpan) {
        // The first attributes of every kind of object: its table is number 1, but for what it is named by.
        let nameAttribute: UInt32
        switch UInt32(type & 0xff) {
        case NFT_MSG_NEWTABLE.rawValue, NFT_MSG_DELTABLE.rawValue:
            (object, nameAttribute) = (.table, 0)
        case NFT_MSG_NEWCHAIN.rawValue, NFT_MSG_DELCHAIN.rawValue:
            (object, nameAttribute) = (.chain, NFTA_CHAIN_NAME.rawValue)
        case NFT_MSG_NEWRULE.rawValue, NFT_MSG_DELRULE.rawValue:
            (object, nameAttribute) = (.rule, NFTA_RULE_CHAIN.rawValue)
        case NFT_MSG_NEWSET.rawValue, NFT_MSG_DELSET.rawValue:
            (object, nameAttribute) = (.set, NFTA_SET_NAME.rawValue)
        case NFT_MSG_NEWSETELEM.rawValue, NFT_MSG_DELSETELEM.rawValue:
            (object, nameAttribute) = (.elements, NFTA_SET_ELEM_LIST_SET.rawValue)
        default: (object, nameAttribute) = (.other, 0)
        }
        isRemoval = [NFT_MSG_DELTABLE, NFT_MSG_DELCHAIN, NFT_MSG_DELRULE, NFT_MSG_DELSET, NFT_MSG_DELSETELEM]
            .contains { $0.rawValue == UInt32(type & 0xff) }
        family = payload.integer(at: 0, as: UInt8.self) ?? 0
        let attributes = min(NetlinkWriter.netfilterHeaderBytes, payload.byteCount)..<payload.byteCount
        table = payload.range(ofAttribute: 1, in: attributes).map { payload.extracting($0).text } ?? ""
        name =
            nameAttribute == 0
            ? nil : payload.range(ofAttribute: Int(nameAttribute), in: attributes).map { payload.extracting($0).text }
        portID = header.portID
    }

    var event: NftablesEvent {
        .changed(object, isRemoval: isRemoval, family: family, table: table, name: name, by: portID)
    }
}
