import CNetfilter
import Glibc

/// Tells when interfaces or addresses of the network namespace of the thread that opened it changed.
///
/// `next` blocks; run it on a dedicated thread and end it by signalling `stop`. Open it before the first listing, so
/// that no change falls between.
package struct LinkMonitor: ~Copyable, Sendable {
    /// What happened since the last call.
    package struct Change: Sendable, Hashable {
        /// Interfaces that went. One of the same index may be there again.
        package var removed: Set<UInt32> = []
        /// Notifications were lost: any interface may have gone and come back.
        package var isIncomplete = false
    }

    private let socket: NetlinkSocket
    private let stop: NetlinkStop
    private var buffer: [UInt8]

    package init(stop: NetlinkStop) throws(NetlinkError) {
        let socket = try NetlinkSocket(.route, receiveQueueBytes: NetlinkLimits.monitorQueueBytes)
        for group in [RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR] {
            try socket.join(group: UInt32(group.rawValue))
        }
        self.socket = socket
        self.stop = stop
        buffer = [UInt8](repeating: 0, count: NetlinkLimits.receiveBytes)
    }

    /// Waits until something changed since the last call: interfaces and addresses are to be listed again. What is
    /// queued by then counts as one change. Nil once stopped.
    package mutating func next() throws(NetlinkError) -> Change? {
        let doing = "watch interfaces"
        guard try socket.waitReadable(or: stop, doing: doing) else { return nil }
        var change = Change()
        while true {
            do throws(NetlinkError) {
                guard let count = try socket.receive(into: &buffer, wait: false, doing: doing) else { return change }
                buffer.forEachMessage(count: count) { header, payload in
                    guard Int32(header.type) == Int32(RTM_DELLINK), let index = payload.integer(at: 4, as: UInt32.self),
                        // A bridge tells so that a port left it (AF_BRIDGE): the interface is still there.
                        payload.integer(at: 0, as: UInt8.self) == UInt8(AF_UNSPEC)
                    else { return }
                    change.removed.insert(index)
                }
            } catch {
                guard error.code == .overflow else { throw error }
                change.isIncomplete = true
            }
        }
    }
}
