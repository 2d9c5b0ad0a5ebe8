import CNetfilter
import Glibc
package import LinuxSystem

/// Ends the waiting of a monitor from any thread.
package final class NetlinkStop: Sendable {
    private let wake: WakeDescriptor

    package init() throws(Errno) { wake = try WakeDescriptor() }

    /// Ends all waiting, now and later.
    package func signal() { wake.signal() }

    var descriptor: Int32 { wake.rawValue }
}

extension NetlinkSocket {
    /// Blocks until there is something to receive (an overflow is too), or the time is over; false once `stop` is
    /// signalled.
    package func waitReadable(
        or stop: NetlinkStop?, within timeout: Duration? = nil, doing: String
    ) throws(NetlinkError) -> Bool {
        let milliseconds = timeout?.milliseconds ?? -1
        var descriptors = [
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
            // Without one: poll(2) leaves negative descriptors alone.
            pollfd(fd: stop?.descriptor ?? -1, events: Int16(POLLIN), revents: 0),
        ]
        while true {
            // SAFETY: the array holds as many entries as stated, for the length of the call.
            let ready = unsafe poll(&descriptors, nfds_t(descriptors.count), milliseconds)
            if ready < 0 {
                if errno == EINTR { continue }
                throw NetlinkError(errno: errno, doing: doing)
            }
            if descriptors[1].revents != 0 { return false }
            if descriptors[0].revents != 0 || ready == 0 { return true }
        }
    }
}
