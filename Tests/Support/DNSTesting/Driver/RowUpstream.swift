internal import DNSWire
package import LinuxSystem
internal import NetworkTypes
internal import Synchronization

/// An upstream on loopback that answers over UDP from rows: the names outside the cluster.
package final class RowUpstream: Sendable {
    package let address: SocketAddress
    private let table: CaseTable
    private let socket: Socket
    private let stop: WakeDescriptor
    private let asked = Mutex<[String]>([])

    package init(_ table: CaseTable) throws {
        self.table = table
        socket = try Socket(.datagram, .ipv4)
        try socket.bind(to: SocketAddress(IPAddress(v4: 0x7F00_0001), port: 0))
        address = try socket.localAddress()
        stop = try WakeDescriptor()
        _ = try DedicatedThread(named: "upstream") { [self] in try? serve() }
    }

    /// Names and types it was asked, in lower case: `www.example.com. A`.
    package var questions: [String] { asked.withLock { $0 } }

    /// Ends its thread.
    package func close() { stop.signal() }

    private func serve() throws {
        let epoll = try Epoll()
        try epoll.add(socket.descriptor.rawValue, .readable, token: 0)
        try epoll.add(stop.rawValue, .readable, token: 1)
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            for event in try epoll.wait() {
                if event.token == 1 { return }
                while let datagram = try socket.receiveDatagram(into: &buffer) {
                    guard let query = try? Message(decoding: Array(buffer[..<datagram.byteCount])),
                        let question = query.questions.first
                    else { continue }
                    asked.withLock { $0.append("\(question.name.lowercased) \(question.type)") }
                    _ = try socket.sendDatagram(answer(query, question).encoded().span, along: datagram.path)
                }
            }
        }
    }

    private func answer(_ query: Message, _ question: Question) -> Message {
        var answer = Message(
            id: query.id, flags: [.response, .recursionDesired, .recursionAvailable], questions: query.questions,
            edns: query.edns == nil ? nil : EDNS())
        switch table.upstream(question.name) {
        case .owner(let contents):
            answer.answers = table.records(contents.records(of: question.type), owner: question.name)
        case .failing: answer.responseCode = .serverFailure
        case .missing, .forwarded: answer.responseCode = .nameError
        }
        return answer
    }
}
