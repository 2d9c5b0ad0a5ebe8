import CNetfilter
import Glibc
import LinuxSystem

/// nf_tables of the network namespace of the thread that opened it: commits and dumps.
///
/// Its calls block; run them on a dedicated thread. One call at a time.
package struct NftablesSocket: ~Copyable, Sendable {
    let socket: NetlinkSocket
    private static let committing = "commit nftables batch"

    /// - Throws: `.unsupported` when the kernel lacks nfnetlink.
    package init() throws(NetlinkError) { socket = try NetlinkSocket(.netfilter) }

    /// The port id that notifications of this socket's commits carry.
    package var portID: UInt32 { socket.portID }

    /// Commits a batch as one transaction. An empty batch does nothing.
    ///
    /// - Throws: the first refusal, naming its operation: nothing of the batch took effect then.
    ///   `.generationChanged` when the batch was for another generation. `.overflow` when the answer
    ///   was lost: only a dump tells then what holds.
    package func commit(_ batch: consuming NftablesBatch) throws(NetlinkError) {
        guard !batch.isEmpty else { return }
        batch.finish()
        guard try deliver(batch) else {
            throw NetlinkError(.overflow, doing: "\(NftablesSocket.committing): no answer")
        }
    }

    /// Has the kernel look at a batch as `commit` does, and take everything back: a batch that is not closed is given up.
    ///
    /// - Throws: the first refusal, naming its operation.
    package func check(_ batch: consuming NftablesBatch) throws(NetlinkError) { _ = try deliver(batch) }

    /// - Returns: whether the last operation was acknowledged, and no answer lost.
    private func deliver(_ batch: borrowing NftablesBatch) throws(NetlinkError) -> Bool {
        let doing = NftablesSocket.committing
        socket.drain()
        socket.reserveSendBuffer(batch.writer.count)
        // The kernel has done the whole transaction when this returns: all answers are queued.
        try socket.send(batch.writer.storage, count: batch.writer.count, doing: doing)
        let lastSequence = UInt32(batch.operationCount)
        var isAcknowledged = false
        var isLost = false
        var refusal: NetlinkAcknowledgement?
        var buffer = [UInt8](repeating: 0, count: NetlinkLimits.receiveBytes)
        while true {
            let count: Int
            do throws(NetlinkError) {
                guard let received = try socket.receive(into: &buffer, wait: false, doing: doing) else { break }
                count = received
            } catch {
                guard error.code == .overflow else { throw error }
                isLost = true
                continue
            }
            buffer.forEachMessage(count: count) { header, payload in
                guard Int32(header.type) == NLMSG_ERROR, let answer = NetlinkAcknowledgement(header, payload)
                else { return }
                if answer.errno != 0 {
                    refusal = refusal ?? answer
                } else if answer.sequence == lastSequence {
                    isAcknowledged = true
                }
            }
        }
        if let refusal {
            throw NetlinkError(
                NftablesSocket.code(of: refusal), doing: doing, errno: refusal.errno, kernelText: refusal.text,
                object: batch.describe(sequence: refusal.sequence, offset: refusal.offset))
        }
        return isAcknowledged && !isLost
    }

    /// Returns once no commit of anybody that began before is under way: its notifications are queued.
    package func awaitCommits() throws(NetlinkError) {
        // A batch without operations waits for the lock that commits hold, and changes nothing.
        var batch = NftablesBatch(capacity: 64)
        batch.finish()
        try socket.send(batch.writer.storage, count: batch.writer.count, doing: NftablesSocket.committing)
        socket.drain()
    }

    /// Returns once every packet that was on its way through a table has passed it: packets pass in a section
    /// that reads by RCU (`nf_hook_slow`), and a grace period of it, 5 to 30 ms, is waited for. Returns at once
    /// where the kernel cannot tell of its end.
    package static func awaitPackets() { awaitKernelReaders() }

    /// EINVAL for the message that opens a batch means that there is no nf_tables to open it for.
    private static func code(of refusal: NetlinkAcknowledgement) -> NetlinkError.Code {
        if refusal.sequence == NftablesBatch.beginSequence, refusal.errno == EOPNOTSUPP || refusal.errno == EINVAL {
            return .unsupported
        }
        return NetlinkError.Code(errno: refusal.errno)
    }
}
