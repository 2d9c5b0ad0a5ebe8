import DNSWire
import LinuxSystem
import Measuring
import NetworkTypes

/// Asks one server over UDP, one question at a time.
struct QueryClient: ~Copyable {
    private let socket: Socket
    private let epoll: Epoll

    init(port: UInt16) throws {
        let socket = try Socket(.datagram, .ipv4)
        _ = try socket.connect(to: SocketAddress(IPAddress(v4: 0x7F00_0001), port: port))
        let epoll = try Epoll()
        try epoll.add(socket.descriptor.rawValue, .readable, token: 0)
        self.socket = socket
        self.epoll = epoll
    }

    /// The A records of a name, sorted; nil without an answer in time.
    func addresses(of name: String, timeout: Duration) throws -> [IPAddress]? {
        guard let name = DomainName(name) else { throw MeasurementError(description: "\(name) is no name") }
        let id = UInt16.random(in: 0...UInt16.max)
        let query = Message(id: id, flags: .recursionDesired, questions: [Question(name: name, type: .a)])
        var buffer = [UInt8](repeating: 0, count: 4096)
        do {
            _ = try socket.send(query.encoded().span)
            let deadline = ContinuousClock.now + timeout
            while ContinuousClock.now < deadline {
                if let count = try socket.receive(into: &buffer), count > 0 {
                    let message = try Message(decoding: buffer.span.extracting(0..<count))
                    guard message.id == id else { continue }
                    return message.answers.compactMap { if case .address(let address) = $0.data { address } else { nil } }
                        .sorted()
                }
                _ = try epoll.wait(timeout: ContinuousClock.now.duration(to: deadline))
            }
        } catch let error as Errno where error == .connectionRefused {
            // Nobody listens yet: the error came at once, so that this would turn in a circle.
            _ = try epoll.wait(timeout: .milliseconds(20))
        }
        return nil
    }
}
