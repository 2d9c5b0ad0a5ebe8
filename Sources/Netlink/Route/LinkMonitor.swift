import CNetfilter
import Glibc

/// Tells when interfaces or addresses of the network namespace of the thread that opened it changed, and where somebody
/// removed what is at interfaces' hooks for tc.
///
/// `next` blocks; run it on a dedicated thread and end it by signalling `stop`. Open it before the first listing, so
/// that no change falls between.
package struct LinkMonitor: ~Copyable, Sendable {
    /// What happened since the last call.
    package struct Change: Sendable, Hashable {
        /// Interfaces that went. One of the same index may be there again.
        package var removed: Set<UInt32> = []
        /// Interfaces that lost a filter or a qdisc, whoever's it was.
        package var unhooked: Set<UInt32> = []
        /// Interfaces and addresses are to be listed again.
        package var isListOutdated = false
        /// Notifications were lost: any interface may have gone and come back.
        package var isIncomplete = false

        var isEmpty: Bool { !isListOutdated && !isIncomplete && unhooked.isEmpty }
    }

    private let socket: NetlinkSocket
    private let stop: NetlinkStop
    private var buffer: [UInt8]

    package init(stop: NetlinkStop) throws(NetlinkError) {
        let socket = try NetlinkSocket(.route, receiveQueueBytes: NetlinkLimits.monitorQueueBytes)
        for group in [RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_TC] {
            try socket.join(group: UInt32(group.rawValue))
        }
        self.socket = socket
        self.stop = stop
        buffer = [UInt8](repeating: 0, count: NetlinkLimits.receiveBytes)
    }

    /// Waits until something changed since the last call. What is queued by then counts as one change. Nil once stopped.
    ///
    /// - Parameter timeout: when to return at the latest, with a change that may be none.
    package mutating func next(within timeout: Duration? = nil) throws(NetlinkError) -> Change? {
        while true {
            guard try socket.waitReadable(or: stop, within: timeout, doing: Self.watching) else { return nil }
            let change = try queued()
            if timeout != nil || !change.isEmpty { return change }
        }
    }

    private static let watching = "watch interfaces"

    private mutating func queued() throws(NetlinkError) -> Change {
        var change = Change()
        while true {
            do throws(NetlinkError) {
                guard let count = try socket.receive(into: &buffer, wait: false, doing: Self.watching) else { return change }
                buffer.forEachMessage(count: count) { header, payload in change.add(Int32(header.type), payload) }
            } catch {
                guard error.code == .overflow else { throw error }
                change.isIncomplete = true
            }
        }
    }
}

extension LinkMonitor.Change {
    /// Reads a struct ifinfomsg, ifaddrmsg or tcmsg: the family first, the index at byte 4.
    fileprivate mutating func add(_ type: Int32, _ payload: RawSpan) {
        guard let index = payload.integer(at: 4, as: UInt32.self) else { return }
        switch type {
        case Int32(RTM_DELTFILTER), Int32(RTM_DELQDISC): unhooked.insert(index)
        case Int32(RTM_NEWLINK), Int32(RTM_NEWADDR), Int32(RTM_DELADDR): isListOutdated = true
        case Int32(RTM_DELLINK):
            isListOutdated = true
            // A bridge tells so that a port left it (AF_BRIDGE): the interface is still there.
            if payload.integer(at: 0, as: UInt8.self) == UInt8(AF_UNSPEC) { removed.insert(index) }
        default: break
        }
    }
}
