internal import DNSWire
internal import NIOCore
internal import Synchronization

/// The script of an upstream with what it was asked; any thread.
final class UpstreamLog: Sendable {
    private struct State {
        var queries: [UpstreamQuery] = []
        var connections: [any Channel] = []
    }

    private let script: ScriptedUpstream.Script
    private let state = Mutex(State())

    init(script: @escaping ScriptedUpstream.Script) { self.script = script }

    var queries: [UpstreamQuery] { state.withLock { $0.queries } }

    func opened(_ channel: any Channel) { state.withLock { $0.connections.append(channel) } }

    var connectionCount: Int { state.withLock { $0.connections.count } }

    func closeConnections() {
        for channel in state.withLock({ $0.connections }) { channel.close(promise: nil) }
    }

    /// The replies to a message; none to what is no query.
    func replies(
        to bytes: [UInt8], transport: UpstreamQuery.Transport, sourcePort: Int, connection: Int
    ) -> [UpstreamReply] {
        guard let message = try? Message(decoding: bytes.span), message.questions.count == 1 else { return [] }
        let query = state.withLock { state in
            let query = UpstreamQuery(
                transport: transport, bytes: bytes, message: message, sourcePort: sourcePort, connection: connection,
                number: state.queries.count + 1)
            state.queries.append(query)
            return query
        }
        return script(query)
    }
}
