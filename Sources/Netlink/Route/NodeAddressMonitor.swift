import CNetfilter
import Glibc

/// Tells when the addresses of the network namespace of the thread that opened it changed.
///
/// `next` blocks; run it on a dedicated thread and end it by signalling `stop`. Open it before the
/// first `NodeAddresses.list`, so that no change falls between.
package struct NodeAddressMonitor: ~Copyable, Sendable {
    private let socket: NetlinkSocket
    private let stop: NetlinkStop
    private var buffer: [UInt8]

    package init(stop: NetlinkStop) throws(NetlinkError) {
        let socket = try NetlinkSocket(.route, receiveQueueBytes: NetlinkLimits.monitorQueueBytes)
        try socket.join(group: UInt32(RTNLGRP_IPV4_IFADDR.rawValue))
        try socket.join(group: UInt32(RTNLGRP_IPV6_IFADDR.rawValue))
        self.socket = socket
        self.stop = stop
        buffer = [UInt8](repeating: 0, count: NetlinkLimits.receiveBytes)
    }

    /// Waits until something changed since the last call: the addresses are to be listed again. What
    /// is queued by then counts as one, and so does an overflow. False once stopped.
    package mutating func next() throws(NetlinkError) -> Bool {
        let doing = "watch addresses"
        guard try socket.waitReadable(or: stop, doing: doing) else { return false }
        while true {
            do throws(NetlinkError) {
                guard try socket.receive(into: &buffer, wait: false, doing: doing) != nil else { return true }
            } catch {
                guard error.code == .overflow else { throw error }
            }
        }
    }
}
