import DNSForwarder
import DNSWire
import LinuxSystem
import NIOCore
import NIOPosix
import NetworkTypes
import Synchronization

@testable import DNSServer

/// What the scripted answerer does with a message: told by the byte after a header's twelve. None is the first byte of
/// a name, so that real queries are sent back.
enum Script: UInt8, Sendable {
    /// Sends the message back, as a response.
    case echo = 240
    case forward
    case drop
    /// Answers with as many KiB as the next byte says.
    case large

    /// A message whose id is `id`.
    func message(_ id: Int, _ argument: UInt8 = 0) -> [UInt8] {
        [UInt8(truncatingIfNeeded: id >> 8), UInt8(truncatingIfNeeded: id)] + [UInt8](repeating: 0, count: 10)
            + [rawValue, argument]
    }
}

func id(_ message: [UInt8]) -> Int { Int(message[0]) << 8 | Int(message[1]) }

final class ScriptedAnswerer: TCPAnswerer {
    func beginBatch() {}

    func respond(to request: RawSpan, client: IPAddress, into response: inout MutableRawSpan) -> Reply {
        guard request.byteCount >= 12 else { return .drop }
        func byte(_ offset: Int) -> UInt8 {
            precondition(offset < request.byteCount)
            // SAFETY: the offset is within the message.
            return unsafe request.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
        }
        var count = request.byteCount
        switch Script(rawValue: request.byteCount > 12 ? byte(12) : Script.echo.rawValue) ?? .echo {
        case .drop: return .drop
        case .forward: return .forward(.test(id: UInt16(byte(0)) << 8 | UInt16(byte(1)), client: client))
        case .large: count = Int(byte(13)) * 1024
        case .echo: break
        }
        for offset in 0..<min(count, request.byteCount) {
            response.storeBytes(of: byte(offset), toByteOffset: offset, as: UInt8.self)
        }
        response.storeBytes(of: 0x80 | byte(2), toByteOffset: 2, as: UInt8.self)
        return .send(count)
    }
}

/// Holds what it is to forward until the test answers it.
final class HeldForwards: ForwardSink {
    private struct State {
        var held: [(request: ForwardRequest, reply: any ReplyPath)] = []
        var waiting: (count: Int, continuation: CheckedContinuation<Void, Never>)?
    }

    private let state = Mutex(State())
    /// Answered at once, from within `forward`.
    let answersAtOnce: Bool

    init(answersAtOnce: Bool = false) { self.answersAtOnce = answersAtOnce }

    func forward(_ request: ForwardRequest, reply: any ReplyPath) {
        if answersAtOnce { return reply.send(Self.answer(request)) }
        let continuation = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.held.append((request, reply))
            guard let waiting = state.waiting, state.held.count >= waiting.count else { return nil }
            state.waiting = nil
            return waiting.continuation
        }
        continuation?.resume()
    }

    static func answer(_ request: ForwardRequest) -> [UInt8] { Script.forward.message(Int(request.id)) }

    var count: Int { state.withLock { $0.held.count } }

    /// Waits until so many are held.
    func wait(for count: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.held.count >= count { return true }
                state.waiting = (count, continuation)
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    /// Answers the newest first.
    func release(_ count: Int = .max) {
        let released = state.withLock { state in
            let released = state.held.suffix(count)
            state.held.removeLast(released.count)
            return Array(released)
        }
        for (request, reply) in released.reversed() { reply.send(Self.answer(request)) }
    }
}

extension ForwardRequest {
    static func test(id: UInt16, client: IPAddress) -> ForwardRequest {
        let question = Question(name: .root, type: .a)
        return ForwardRequest(
            id: id, flags: [.recursionDesired], question: question, edns: nil, sizeLimit: 65535, transport: .tcp,
            client: client, prefix: [], forwarded: ForwardedQuestion(question: question))
    }
}

/// Runs `body` with a server on a free port of 127.0.0.1, and takes everything down afterwards.
///
/// - Parameter threads: with one, a connection has become idle before the server reads what its client sends elsewhere
///   because of the answer.
func withTCPServer<T>(
    limits: TCPLimits = TCPLimits(), forwarder: HeldForwards = HeldForwards(), threads: Int = 2,
    _ body: (TCPServer, LinuxSystem.SocketAddress) async throws -> T
) async throws -> T {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
    let server = TCPServer(limits: limits, forwarder: forwarder, group: group) { _ in ScriptedAnswerer() }
    let result: Result<T, any Error>
    do {
        let address = try await onClientThread { try server.add(LinuxSystem.SocketAddress(loopback, port: 0)) }
        result = .success(try await body(server, address))
    } catch {
        result = .failure(error)
    }
    await server.stop(within: .zero)
    try await group.shutdownGracefully()
    return try result.get()
}

let loopback = IPAddress(v4: 0x7F00_0001)
