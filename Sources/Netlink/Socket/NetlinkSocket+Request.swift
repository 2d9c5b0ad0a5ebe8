import CNetfilter
import Glibc

extension NetlinkSocket {
    /// Sends one request that asks for an acknowledgement (NLM_F_ACK), and takes it.
    ///
    /// - Parameter object: what it is about, for the error's text.
    /// - Throws: what the kernel refused, in its own words where it gave some.
    func perform(_ request: borrowing NetlinkWriter, doing: String, object: String) throws(NetlinkError) {
        drain()
        try send(request.storage, count: request.count, doing: doing)
        var buffer = [UInt8](repeating: 0, count: NetlinkLimits.receiveBytes)
        while true {
            guard let count = try receive(into: &buffer, wait: true, doing: doing) else { continue }
            var answer: NetlinkAcknowledgement?
            buffer.forEachMessage(count: count) { header, payload in
                if Int32(header.type) == NLMSG_ERROR { answer = NetlinkAcknowledgement(header, payload) }
            }
            guard let answer else { continue }
            guard answer.errno == 0 else {
                throw NetlinkError(errno: answer.errno, doing: doing, kernelText: answer.text, object: object)
            }
            return
        }
    }
}
