import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Testing

@Suite("fairway-echo", .enabled(if: Requirement.root, "needs root: makes network namespaces"))
struct EchoServerTests {
    @Test("HTTP names server, local and client address, and the request's headers", arguments: IPFamily.allCases)
    func http(_ family: IPFamily) async throws {
        let echo = try await EchoFixture.start(["--http", "8080-8082"])
        defer { echo.close() }
        let client = SocketAddress(echo.topology.pods[1].address(family), port: 0).description.dropLast()
        for port: UInt16 in [8080, 8082] {
            let target = echo.target(family, port)
            let output = try await echo.curl(["-H", "X-Mark: seven", "http://\(target)/"])
            let lines = output.standardOutput.split(separator: "\n")
            try #require(lines.count > 3, "\(output)")
            #expect(lines[0] == "name: echo-0")
            #expect(lines[1] == "local: \(target)")
            #expect(lines[2].hasPrefix("client: \(client)"))
            #expect(lines.contains("X-Mark: seven"))
        }
    }

    @Test("HTTP serves several requests on one connection, and closes after as many as it was told")
    func closeAfter() async throws {
        let echo = try await EchoFixture.start(["--http", "8080", "--tcp", "8081", "--close-after", "2"])
        defer { echo.close() }
        let url = "http://\(echo.target(.ipv4, 8080))/"
        let output = try await echo.curl(["-o", "/dev/null", "-o", "/dev/null", "-o", "/dev/null", "-w", "%{num_connects} ", url, url, url])
        #expect(output.standardOutput == "1 0 1 ")
        let lines = try await exchange(echo, port: 8081, "one\ntwo\nthree\n")
        #expect(lines.dropFirst() == ["one", "two"])
    }

    @Test("HTTP answers", arguments: [
        (["/bytes?n=3000000"], "200 3000000"),
        (["/bytes?n=many"], "400 26"),
        (["/nowhere"], "404 17"),
        (["-X", "DELETE", "/"], "405 29"),
        (["-I", "/healthz"], "200 0"),
        (["-d", "hello", "/"], "200 5"),
        (["-H", "Transfer-Encoding: chunked", "-d", "hello", "/"], "411 0"),
        (["-H", "X-Long: LONG", "/"], "431 0"),
    ])
    func answers(_ arguments: [String], _ expected: String) async throws {
        let echo = try await EchoFixture.start(["--http", "8080"])
        defer { echo.close() }
        let url = "http://\(echo.target(.ipv4, 8080))\(arguments.last ?? "")"
        let long = "X-Long: " + String(repeating: "a", count: 20_000)
        let flags = arguments.dropLast().map { $0 == "X-Long: LONG" ? long : $0 }
        let output = try await echo.curl(["-o", "/dev/null", "-w", "%{http_code} %{size_download}"] + flags + [url])
        #expect(output.standardOutput == expected, "\(output)")
    }

    @Test("a body larger than every buffer comes back as it was sent", arguments: IPFamily.allCases)
    func largeBody(_ family: IPFamily) async throws {
        let echo = try await EchoFixture.start(["--http", "8080"])
        defer { echo.close() }
        let script = "head -c 5000000 /dev/zero | tr '\\0' 'q' | curl -sS --data-binary @- http://\(echo.target(family, 8080))/ | tr -d q | wc -c"
        let output = try await echo.topology.pods[1].namespace.run(["sh", "-c", script])
        #expect(output.standardOutput == "0\n", "\(output)")
    }

    @Test("TCP keeps the half that is open: what came before the client's end goes back")
    func halfClose() async throws {
        let echo = try await EchoFixture.start(["--tcp", "8080"])
        defer { echo.close() }
        let text = (0..<40_000).map { "line \($0)" }
        let lines = try await exchange(echo, port: 8080, text.joined(separator: "\n") + "\n")
        #expect(lines.first?.hasPrefix("echo-0 local=10.244.0.10:8080 client=10.244.0.11:") == true)
        #expect(Array(lines.dropFirst()) == text)
    }

    @Test("a long transfer comes back byte for byte", arguments: IPFamily.allCases)
    func stream(_ family: IPFamily) async throws {
        let echo = try await EchoFixture.start(["--tcp", "8080"])
        defer { echo.close() }
        let output = try await echo.client(
            ["stream", "tcp", echo.target(family, 8080), "--bytes-per-second", "40000000", "--seconds", "0.5"])
        #expect(output.standardOutput.hasSuffix("verified 20000000 bytes\n"), "\(output)")
    }

    @Test("a transfer notices that its server died")
    func brokenStream() async throws {
        let echo = try await EchoFixture.start(["--tcp", "8080"])
        defer { echo.close() }
        let transfer = try echo.topology.pods[1].namespace.start(
            [echo.program, "stream", "tcp", echo.target(.ipv4, 8080), "--seconds", "60"])
        try await transfer.waitForLine(containing: "streaming")
        echo.server.kill()
        try await transfer.waitForLine(containing: "failed: ")
        #expect(try await transfer.waitForExit() == .exited(1))
    }

    @Test("UDP answers are padded, and leave from the address that was asked")
    func datagrams() async throws {
        let echo = try await EchoFixture.start(["--udp", "8080", "--udp-size", "3000"])
        defer { echo.close() }
        try echo.topology.pods[0].namespace.configure([
            "addr add 10.244.0.77/32 dev lo", "addr add fd00:10:244::77/128 dev lo nodad",
        ])
        try echo.topology.node.configure([
            "route add 10.244.0.77/32 via 10.244.0.10 dev veth0 onlink", "route add fd00:10:244::77/128 via fd00:10:244::10 dev veth0 onlink",
        ])
        for target in ["10.244.0.77:8080", "[fd00:10:244::77]:8080"] {
            // A connected socket takes no answer from another address.
            let output = try await echo.client(["connect", "udp", target])
            #expect(output.standardOutput.contains("local=\(target)"), "\(output)")
            #expect(output.standardOutput.utf8.count == 3001)
        }
    }

    @Test("the client says why it got no answer", arguments: ["tcp", "udp"])
    func failures(_ transport: String) async throws {
        let echo = try await EchoFixture.start(["--\(transport)", "8080", "--delay", "5s"])
        defer { echo.close() }
        let refused = try await echo.client(["connect", transport, echo.target(.ipv6, 9), "--count", "2"])
        #expect(refused.standardOutput == "refused\nrefused\n")
        #expect(refused.status == .exited(1))
        let late = try await echo.client(["connect", transport, echo.target(.ipv4, 8080), "--timeout", "100ms"])
        #expect(late.standardOutput == "timeout\n")
        let bound = try await echo.client(["connect", transport, echo.target(.ipv4, 9), "--bind", "10.1.2.3"])
        #expect(bound.standardOutput.hasPrefix("error: Cannot assign requested address"))
    }

    @Test("--bind chooses the client's address and port")
    func clientAddress() async throws {
        let echo = try await EchoFixture.start(["--tcp", "8080"])
        defer { echo.close() }
        let output = try await echo.client(
            ["connect", "tcp", echo.target(.ipv4, 8080), "--bind", "10.244.0.11:40001", "--count", "1"])
        #expect(output.standardOutput.hasSuffix("client=10.244.0.11:40001\n"))
    }

    @Test("SIGTERM fails readiness first, accepts while it drains, and lets open connections end")
    func drain() async throws {
        let echo = try await EchoFixture.start(["--http", "8080", "--tcp", "8081", "--drain", "3s"])
        defer { echo.close() }
        let ready = ["-o", "/dev/null", "-w", "%{http_code}", "http://\(echo.target(.ipv4, 8080))/readyz"]
        #expect(try await echo.curl(ready).standardOutput == "200")
        let transfer = try echo.topology.pods[1].namespace.start(
            [echo.program, "stream", "tcp", echo.target(.ipv4, 8081), "--seconds", "8"])
        try await transfer.waitForLine(containing: "streaming")

        echo.server.terminate()
        try await echo.server.waitForLine(containing: "draining")
        #expect(try await echo.curl(ready).standardOutput == "503")
        #expect(try await echo.client(["connect", "tcp", echo.target(.ipv4, 8081)]).status.isSuccess)

        try await echo.server.waitForLine(containing: "closed its listeners, 1 connections open")
        #expect(try await echo.client(["connect", "tcp", echo.target(.ipv4, 8081)]).standardOutput == "refused\n")
        try await transfer.waitForLine(containing: "verified 8000000 bytes")
        #expect(try await echo.server.waitForExit() == .exited(0))
    }

    @Test("connections beyond the limit are closed at once")
    func connectionLimit() async throws {
        let echo = try await EchoFixture.start(["--tcp", "8080", "--max-connections", "1"])
        defer { echo.close() }
        let transfer = try echo.topology.pods[1].namespace.start(
            [echo.program, "stream", "tcp", echo.target(.ipv4, 8080), "--seconds", "30"])
        try await transfer.waitForLine(containing: "streaming")
        let output = try await echo.client(["connect", "tcp", echo.target(.ipv4, 8080)])
        #expect(["closed\n", "reset\n"].contains(output.standardOutput), "\(output)")
    }

    @Test("it holds little memory")
    func memory() async throws {
        let echo = try await EchoFixture.start(["--tcp", "8080"])
        defer { echo.close() }
        #expect(try ResidentMemory(ofProcess: echo.server.pid).currentBytes < 24 << 20)
    }

    @Test("a wrong command line is one line and exit status 2", arguments: [
        ["--tcp", "x"], ["--tcp", "0-5"], ["--tcp", "9-8"], ["--tcp", "1.2.3:80"], ["--udp", "1-20000"], ["--delay", "soon", "--tcp", "1"],
        ["--tcp", "1", "--close-after", "0"], ["--udp", "1", "--udp-size", "70000"], ["--name", "a b", "--tcp", "1"], [],
        ["connect", "tcp", "localhost:80"], ["connect", "sctp", "1.2.3.4:5"], ["connect", "tcp", "1.2.3.4:5", "--bind", "::1"],
        ["stream", "udp", "1.2.3.4:5"], ["stream", "tcp", "1.2.3.4:5", "--seconds", "0"],
    ])
    func wrongCommandLine(_ arguments: [String]) async throws {
        let output = try await run(arguments)
        #expect(output.status == .exited(2), "\(output)")
        #expect(output.standardError.hasPrefix("fairway-echo: "))
        #expect(output.standardError.split(separator: "\n").count == 1, "\(output)")
    }

    @Test("an address of another machine is exit status 1")
    func foreignAddress() async throws {
        let output = try await run(["--tcp", "192.0.2.77:9000"])
        #expect(output.status == .exited(1))
        #expect(output.standardError == "fairway-echo: cannot listen on tcp 192.0.2.77:9000: Cannot assign requested address\n")
    }

    private func run(_ arguments: [String]) async throws -> ProcessOutput {
        let request = ProcessRequest(path: try productPath("fairway-echo"), arguments: arguments)
        return try await DedicatedThread.run(named: "run-echo") {
            try request.collectOutput(timeout: .seconds(10))
        }
    }

    /// Sends `text` from pod 1 over one TCP connection, ends that direction, and reads to the other's end.
    private func exchange(_ echo: EchoFixture, port: UInt16, _ text: String) async throws -> [String] {
        let target = SocketAddress(echo.topology.pods[0].ipv4, port: port)
        let bytes = try await echo.topology.pods[1].namespace.inside { try exchangeBytes(target, Array(text.utf8)) }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { String($0) }
    }
}

private func exchangeBytes(_ target: SocketAddress, _ bytes: [UInt8]) throws -> [UInt8] {
    let socket = try Socket(.stream, target.family)
    let epoll = try Epoll()
    _ = try socket.connect(to: target)
    try epoll.add(socket.descriptor.rawValue, [.readable, .writable], token: 0)
    var (sent, received) = (0, [UInt8]())
    var buffer = [UInt8](repeating: 0, count: 65536)
    while !(try epoll.wait(timeout: .seconds(10))).isEmpty {
        if sent < bytes.count, let count = try socket.send(bytes.span.extracting(sent..<bytes.count)) {
            sent += count
            if sent == bytes.count {
                try socket.shutdownSending()
                try epoll.modify(socket.descriptor.rawValue, .readable, token: 0)
            }
        }
        guard let count = try socket.receive(into: &buffer) else { continue }
        if count == 0 { return received }
        received += buffer[..<count]
    }
    throw Errno.timedOut
}
