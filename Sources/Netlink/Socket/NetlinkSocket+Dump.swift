import CNetfilter
import Glibc

extension NetlinkSocket {
    /// Sends one dump request and hands every message of the answer to `body`.
    ///
    /// A dump that the kernel marks as interrupted (NLM_F_DUMP_INTR: something changed under it) is
    /// begun again, after `restart`, up to `NetlinkLimits.dumpAttempts` times.
    ///
    /// - Parameter takesInterrupted: an interrupted dump is taken as it is. The kernel marks each when
    ///   anything changes anywhere; the caller knows that what it reads does not.
    func dump(
        _ request: borrowing NetlinkWriter, doing: String, takesInterrupted: Bool = false, restart: () -> Void,
        _ body: (NetlinkMessageHeader, RawSpan) throws(NetlinkError) -> Void
    ) throws(NetlinkError) {
        var buffer = [UInt8](repeating: 0, count: NetlinkLimits.receiveBytes)
        for _ in 0..<NetlinkLimits.dumpAttempts {
            restart()
            drain()
            try send(request.storage, count: request.count, doing: doing)
            if try readDump(&buffer, doing: doing, takesInterrupted, body) { return }
        }
        throw NetlinkError(.busy, doing: "\(doing): it changed in each of \(NetlinkLimits.dumpAttempts) readings")
    }

    /// Reads to the end of the dump; false when it was interrupted.
    private func readDump(
        _ buffer: inout [UInt8], doing: String, _ takesInterrupted: Bool,
        _ body: (NetlinkMessageHeader, RawSpan) throws(NetlinkError) -> Void
    ) throws(NetlinkError) -> Bool {
        var complete = true
        var finished = false
        var failure: NetlinkError?
        while !finished {
            guard let count = try receive(into: &buffer, wait: true, doing: doing) else { continue }
            buffer.forEachMessage(count: count) { header, payload in
                if header.flags & UInt16(NLM_F_DUMP_INTR) != 0 && !takesInterrupted { complete = false }
                switch Int32(header.type) {
                case NLMSG_DONE:
                    finished = true
                    let code = payload.integer(at: 0, as: Int32.self) ?? 0
                    if code < 0 { failure = failure ?? NetlinkError(errno: -code, doing: doing) }
                case NLMSG_ERROR:
                    finished = true
                    if let answer = NetlinkAcknowledgement(header, payload), answer.errno != 0 {
                        // The dump could not go on from where it was: that too is a change under it.
                        if answer.errno == EINTR {
                            complete = false
                        } else {
                            failure = NetlinkError(errno: answer.errno, doing: doing, kernelText: answer.text)
                        }
                    }
                case NLMSG_NOOP: break
                default:
                    // Read on to the end after a failure, so that the socket is clean for what follows.
                    guard failure == nil, complete else { return }
                    do throws(NetlinkError) { try body(header, payload) } catch { failure = error }
                }
            }
        }
        if let failure { throw failure }
        return complete
    }
}
