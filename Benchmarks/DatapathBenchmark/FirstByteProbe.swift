import ArgumentParser
import FoundationEssentials
import LinuxSystem
import NetworkTypes

/// Opens connections, some at a time, asks on each and prints how long it took from connect() until the first byte of the
/// answer. A connection that is refused, reset, closed or silent for ten seconds before its first byte has failed.
struct FirstByteProbe: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "What a client of the measurement runs.", shouldDisplay: false)

    @Argument var address: String
    @Argument var port: UInt16
    @Argument var count: Int
    @Argument(help: "Connections under way at a time.") var width: Int

    struct Result: Codable {
        /// Of those that did not fail, in no order.
        var microseconds: [Double] = []
        var failed = 0
        var firstFailure: String?
    }

    func run() throws {
        guard let address = IPAddress(address) else { throw ValidationError("\(address): expected an address") }
        var run = Run(target: SocketAddress(address, port: port), epoll: try Epoll())
        while run.begun < count || !run.open.isEmpty {
            while run.begun < count, run.open.count < width { try run.begin() }
            for event in try run.epoll.wait(timeout: .seconds(1)) { run.advance(event.token) }
            run.expire()
        }
        print(String(decoding: try JSONEncoder().encode(run.result), as: UTF8.self))
    }

    private static let request = Array("GET / HTTP/1.0\r\n\r\n".utf8)
    private static let patience: Duration = .seconds(10)

    private final class Exchange {
        let socket: Socket
        let started = ContinuousClock.now
        var isAsked = false
        var isAnswered = false

        init(_ socket: consuming Socket) { self.socket = socket }
    }

    private struct Run: ~Copyable {
        let target: SocketAddress
        let epoll: Epoll
        var begun = 0
        var open: [UInt64: Exchange] = [:]
        var result = Result()
        private var buffer = [UInt8](repeating: 0, count: 4096)
        private var swept = ContinuousClock.now

        init(target: SocketAddress, epoll: consuming Epoll) {
            self.target = target
            self.epoll = epoll
        }

        mutating func begin() throws {
            begun += 1
            let exchange = Exchange(try Socket(.stream, target.family))
            do {
                _ = try exchange.socket.connect(to: target)
            } catch {
                return fail("\(error)")
            }
            try epoll.add(exchange.socket.descriptor.rawValue, .writable, token: UInt64(begun))
            open[UInt64(begun)] = exchange
        }

        mutating func advance(_ token: UInt64) {
            guard let exchange = open[token] else { return }
            do {
                let isOver = try exchange.isAsked ? receive(exchange) : ask(exchange, token)
                if isOver { open[token] = nil }
            } catch {
                open[token] = nil
                if !exchange.isAnswered { fail("\(error)") }
            }
        }

        private func ask(_ exchange: Exchange, _ token: UInt64) throws -> Bool {
            if let error = try exchange.socket.takeError() { throw error }
            _ = try exchange.socket.send(FirstByteProbe.request.span)
            exchange.isAsked = true
            try epoll.modify(exchange.socket.descriptor.rawValue, .readable, token: token)
            return false
        }

        /// Until the end, so that the server closes first and the client's port is free again.
        private mutating func receive(_ exchange: Exchange) throws -> Bool {
            guard let count = try exchange.socket.receive(into: &buffer) else { return false }
            if count > 0, !exchange.isAnswered {
                exchange.isAnswered = true
                result.microseconds.append((ContinuousClock.now - exchange.started).microseconds)
            }
            if count == 0, !exchange.isAnswered { fail("closed before the first byte") }
            return count == 0
        }

        /// Looked at once a second.
        mutating func expire() {
            let now = ContinuousClock.now
            guard now - swept > .seconds(1) else { return }
            swept = now
            for (token, exchange) in open where now - exchange.started > FirstByteProbe.patience {
                open[token] = nil
                if !exchange.isAnswered { fail("no byte in \(FirstByteProbe.patience)") }
            }
        }

        private mutating func fail(_ reason: String) {
            result.failed += 1
            if result.firstFailure == nil { result.firstFailure = reason }
        }
    }
}
