import FoundationEssentials
import Glibc
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Testing

@testable import Observability

/// Sends the same bytes to whatever it is asked, and closes.
private final class FixedAnswer: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    let text: String

    init(text: String) {
        self.text = text
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let channel = context.channel
        channel.writeAndFlush(ByteBuffer(string: text)).whenComplete { _ in channel.close(promise: nil) }
    }
}

@Suite struct AdminSocketTests {
    /// A short path below the temporary folder, removed afterwards whatever happens.
    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/fw-\(UInt32.random(in: 0 ... .max))"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder)
    }

    private func mode(_ path: String) throws -> UInt? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? UInt
    }

    private func server(
        _ path: String, _ bound: @escaping @Sendable (Int) async -> Void = { _ in },
        handler: @escaping @Sendable (AdminRequest) async -> AdminResponse = { _ in AdminResponse(text: "{}") }
    ) -> AdminServer {
        AdminServer(path: path, logger: ServerTests.logger, onBound: { await bound(0) }, handler: handler)
    }

    @Test func `a question goes over, a body of 20 MB comes back, and the file is gone afterwards`() async throws {
        try await withFolder { folder in
            let path = folder + "/new/admin.sock"
            let big = (0..<20_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            try await whileServing {
                server(path, $0) { request in
                    switch request.path {
                    case "/v1/services": AdminResponse(body: big)
                    case "/v1/echo me":
                        AdminResponse(
                            status: 404, contentType: "text/plain",
                            text: request.query.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
                                .joined(separator: "|"))
                    default: AdminResponse(status: 500, body: [])
                    }
                }
            } _: { _ in
                let client = AdminClient(path: path)
                let services = try await client.get("/v1/services?format=json")
                #expect(services.status == 200)
                #expect(services.body == big)
                let echo = try await client.get("/v1/echo%20me?b=%2F&a=1+2&flag")
                #expect(echo.status == 404)
                #expect(String(decoding: echo.body, as: UTF8.self) == "a=1 2|b=/|flag=")
                let empty = try await client.get("/other")
                #expect(empty.status == 500)
                #expect(empty.body.isEmpty)

                #expect(try mode(path) == 0o600)
                #expect(try mode(folder + "/new") == 0o700)
            }
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }

    @Test func `a socket left behind is replaced`() async throws {
        try await withFolder { folder in
            let path = folder + "/admin.sock"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
            let abandoned = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .bind(unixDomainSocketPath: path + ".first").get()
            // Closing removes the name it was bound under; a crash would not.
            try FileManager.default.linkItem(atPath: path + ".first", toPath: path)
            try await abandoned.close()
            #expect(FileManager.default.fileExists(atPath: path))
            try await whileServing {
                server(path, $0)
            } _: { _ in
                let reply = try await AdminClient(path: path).get("/")
                #expect(reply.status == 200)
            }
        }
    }

    @Test func `a socket another daemon answers on is left alone`() async throws {
        try await withFolder { folder in
            let path = folder + "/admin.sock"
            try await whileServing {
                server(path, $0)
            } _: { _ in
                let error = await #expect(throws: ListenError.self) { try await server(path).run() }
                #expect(error?.code == .socketInUse)
                #expect(error?.description.hasPrefix("--admin-socket \(path): another daemon answers") == true)
                let reply = try await AdminClient(path: path).get("/")
                #expect(reply.status == 200)
            }
        }
    }

    @Test func `a file that is no socket is not removed`() async throws {
        try await withFolder { folder in
            let path = folder + "/notes.txt"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
            #expect(FileManager.default.createFile(atPath: path, contents: Data("keep".utf8)))
            let error = await #expect(throws: ListenError.self) { try await server(path).run() }
            #expect(error?.code == .notASocket)
            #expect(FileManager.default.contents(atPath: path) == Data("keep".utf8))
        }
    }

    @Test func `a socket that a later daemon put in its place stays`() async throws {
        try await withFolder { folder in
            let path = folder + "/admin.sock"
            try await whileServing {
                server(path, $0)
            } _: { _ in
                // A file made while the old one still exists cannot get its inode.
                #expect(FileManager.default.createFile(atPath: path + ".new", contents: nil))
                try FileManager.default.removeItem(atPath: path)
                try FileManager.default.moveItem(atPath: path + ".new", toPath: path)
            }
            #expect(FileManager.default.fileExists(atPath: path))
        }
    }

    @Test func `without a daemon the client says so and what to check`() async throws {
        try await withFolder { folder in
            let path = folder + "/none.sock"
            let error = await #expect(throws: AdminClientError.self) { try await AdminClient(path: path).get("/") }
            #expect(error?.code == .unreachable)
            #expect(
                error?.description
                    == "cannot reach the daemon at \(path): No such file or directory (errno: 2): is 'fairway run' running?"
            )
            let long = folder + String(repeating: "x", count: 200)
            let tooLong = await #expect(throws: AdminClientError.self) { try await AdminClient(path: long).get("/") }
            #expect(tooLong?.description.contains("too long") == true)
            let cannotBind = await #expect(throws: ListenError.self) { try await server(long).run() }
            #expect(cannotBind?.description.contains("too long") == true)
        }
    }

    @Test func `a daemon that says nothing is given up, one that breaks off is told apart`() async throws {
        try await withFolder { folder in
            let path = folder + "/mute.sock"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
            let mute = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .bind(unixDomainSocketPath: path).get()
            // The shortest often runs out before the question is sent, the longest after.
            for (timeout, seconds) in [(1, "0.001"), (10, "0.01"), (100, "0.1")] {
                let hung = await #expect(throws: AdminClientError.self) {
                    try await AdminClient(path: path, readTimeout: .milliseconds(timeout)).get("/")
                }
                #expect(hung?.code == .noAnswer)
                #expect(
                    hung?.description
                        == "the daemon at \(path) sent nothing for \(seconds) seconds: it may be hung, see its log")
            }
            try await mute.close()

            let breaking = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .childChannelInitializer {
                    let half = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"
                    return $0.pipeline.addHandler(FixedAnswer(text: half))
                }
                .bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).get()
            let broken = await #expect(throws: AdminClientError.self) { try await AdminClient(path: path).get("/") }
            #expect(broken?.code == .noAnswer)
            try await breaking.close()
        }
    }

    @Test func `a chunked answer is put together`() async throws {
        try await withFolder { folder in
            let path = folder + "/chunked.sock"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
            let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
            let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .childChannelInitializer { $0.pipeline.addHandler(FixedAnswer(text: answer)) }
                .bind(unixDomainSocketPath: path).get()
            let reply = try await AdminClient(path: path).get("/")
            #expect(String(decoding: reply.body, as: UTF8.self) == "abcde")
            try await channel.close()
        }
    }
}
