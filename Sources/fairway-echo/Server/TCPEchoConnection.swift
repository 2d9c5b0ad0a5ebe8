import LinuxSystem

/// Greets, then sends every byte back; after the peer's end it sends what is left and closes.
final class TCPEchoConnection: EchoConnection, StreamUser {
    private let stream: BufferedStream
    private let server: EchoServer
    private var linesLeft: Int?

    init(_ server: EchoServer, _ stream: BufferedStream) throws(Errno) {
        self.server = server
        self.stream = stream
        linesLeft = server.settings.closeAfter
        stream.user = self
        try stream.start()
        if server.settings.delay > .zero {
            stream.pause()
            server.loop.schedule(after: server.settings.delay) { self.greet() }
        } else {
            greet()
        }
    }

    private func greet() {
        stream.send((server.settings.greeting(local: stream.local, client: stream.peer) + "\n").utf8)
        stream.resume()
    }

    func advance() -> Bool {
        var count = min(stream.input.count, stream.room)
        if let left = linesLeft { count = limit(count, toLines: left) }
        if count == stream.input.count {
            stream.send(stream.input)
            stream.input.removeAll(keepingCapacity: true)
        } else {
            stream.send(stream.input[..<count])
            stream.input.removeFirst(count)
        }
        if linesLeft == 0 || (stream.isAtEnd && stream.input.isEmpty) { stream.closeWhenSent() }
        return !stream.input.isEmpty
    }

    /// At most `count` bytes, and none beyond the end of the last line that is still answered.
    private func limit(_ count: Int, toLines lines: Int) -> Int {
        var left = lines
        defer { linesLeft = left }
        for (index, byte) in stream.input[..<count].enumerated() where byte == UInt8(ascii: "\n") {
            left -= 1
            if left == 0 { return index + 1 }
        }
        return count
    }

    func streamDidClose() { server.finished(self) }

    /// The peer decides when it is done, as with any protocol whose end the server does not know.
    func finish() {}
}
