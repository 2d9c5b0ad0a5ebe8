import LinuxSystem

/// HTTP/1.1 with keep-alive, one request after the other.
final class HTTPConnection: EchoConnection, StreamUser {
    private enum State {
        case head
        /// The answer waits for --delay.
        case delayed
        /// The request's body goes back as it comes.
        case echo(left: Int)
        /// The request's body is read and forgotten.
        case skip(left: Int)
        /// /bytes is being sent.
        case bytes(left: Int)
    }

    private let stream: BufferedStream
    private let server: EchoServer
    private var state = State.head
    private var answered = 0
    private var closesAfterAnswer = false

    init(_ server: EchoServer, _ stream: BufferedStream) throws(Errno) {
        self.server = server
        self.stream = stream
        stream.user = self
        try stream.start()
        stream.step()
    }

    func advance() -> Bool {
        switch state {
        case .delayed: return false
        case .head: return readHead()
        case .echo(let left): return echo(left)
        case .skip(let left): return skip(left)
        case .bytes(let left): return sendBytes(left)
        }
    }

    private func readHead() -> Bool {
        guard let end = HTTPRequestHead.end(in: stream.input), end <= EchoSettings.headerLimit else {
            if stream.input.count > EchoSettings.headerLimit {
                refuse("431 Request Header Fields Too Large")
            } else if stream.isAtEnd || (stream.input.isEmpty && closesAfterAnswer) {
                stream.closeWhenSent()
            }
            return false
        }
        guard let head = HTTPRequestHead(stream.input[..<end]) else {
            refuse("400 Bad Request")
            return false
        }
        stream.input.removeFirst(end)
        guard let length = head.contentLength else {
            refuse("411 Length Required")
            return false
        }
        let delay = server.settings.delay
        // A slow pod is not an unhealthy one.
        guard delay > .zero, head.path != "/healthz", head.path != "/readyz" else {
            answer(head, length)
            return true
        }
        state = .delayed
        stream.pause()
        server.loop.schedule(after: delay) { [self] in
            answer(head, length)
            stream.resume()
        }
        return false
    }

    private func answer(_ head: HTTPRequestHead, _ length: Int) {
        answered += 1
        if !head.keepsAlive || !server.isReady || answered == server.settings.closeAfter { closesAfterAnswer = true }
        if length > 0 && head.value("expect")?.lowercased() == "100-continue" {
            stream.send("HTTP/1.1 100 Continue\r\n\r\n".utf8)
        }
        if head.method == "POST" || head.method == "PUT" {
            send(head, "200 OK", length: length)
            state = .echo(left: length)
            return
        }
        state = .skip(left: length)
        guard head.method == "GET" || head.method == "HEAD" else {
            return send(head, "405 Method Not Allowed", "only GET, HEAD, POST and PUT\n")
        }
        switch head.path {
        case "/healthz": send(head, "200 OK", "ok\n")
        case "/readyz" where server.isReady: send(head, "200 OK", "ok\n")
        case "/readyz": send(head, "503 Service Unavailable", "draining\n")
        case "/bytes":
            guard let count = head.query["n"].flatMap({ Int($0) }), count >= 0 else {
                return send(head, "400 Bad Request", "/bytes?n=N wants a number\n")
            }
            send(head, "200 OK", length: count)
            // A request with a body for /bytes is odd enough to end the connection.
            if length > 0 { closesAfterAnswer = true }
            state = .bytes(left: head.method == "HEAD" ? 0 : count)
        case "/": send(head, "200 OK", describe(head))
        default: send(head, "404 Not Found", "no \(head.path) here\n")
        }
    }

    private func describe(_ head: HTTPRequestHead) -> String {
        let headers = head.headers.map { "\($0.name): \($0.value)\n" }.joined()
        return "name: \(server.settings.name)\nlocal: \(stream.local)\nclient: \(stream.peer)\n\(headers)"
    }

    private func send(_ head: HTTPRequestHead, _ status: String, _ body: String) {
        send(head, status, length: body.utf8.count)
        if head.method != "HEAD" { stream.send(body.utf8) }
    }

    private func send(_ head: HTTPRequestHead, _ status: String, length: Int) {
        let connection = closesAfterAnswer ? "close" : "keep-alive"
        stream.send(
            "HTTP/1.1 \(status)\r\nContent-Type: text/plain\r\nContent-Length: \(length)\r\nConnection: \(connection)\r\n\r\n".utf8)
    }

    private func refuse(_ status: String) {
        stream.send("HTTP/1.1 \(status)\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".utf8)
        stream.input.removeAll()
        stream.closeWhenSent()
    }

    private func echo(_ left: Int) -> Bool {
        let count = min(left, stream.input.count, stream.room)
        stream.send(stream.input[..<count])
        return consume(count, left - count) { .echo(left: $0) }
    }

    private func skip(_ left: Int) -> Bool {
        let count = min(left, stream.input.count)
        return consume(count, left - count) { .skip(left: $0) }
    }

    private func consume(_ count: Int, _ left: Int, _ next: (Int) -> State) -> Bool {
        stream.input.removeFirst(count)
        if left == 0 { return finishAnswer() }
        state = next(left)
        if stream.isAtEnd && stream.input.isEmpty { stream.closeWhenSent() }
        return !stream.input.isEmpty
    }

    private func sendBytes(_ left: Int) -> Bool {
        let count = min(left, stream.room)
        stream.send(repeatElement(UInt8(ascii: "x"), count: count))
        if left == count { return finishAnswer() }
        state = .bytes(left: left - count)
        return true
    }

    private func finishAnswer() -> Bool {
        state = .head
        if closesAfterAnswer { stream.closeWhenSent() }
        return !closesAfterAnswer && !stream.input.isEmpty
    }

    func streamDidClose() { server.finished(self) }

    /// An idle connection closes at once, another one after the answer that is under way.
    func finish() {
        closesAfterAnswer = true
        stream.step()
    }
}
