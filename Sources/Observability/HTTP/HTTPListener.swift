import Glibc
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle

/// What a page answers.
struct HTTPReply: Sendable {
    var status: Int
    var contentType: String
    /// Beside those that every answer has.
    var fields: HTTPFields = [:]
    var body: [UInt8]

    init(_ status: Int, _ contentType: String, _ body: [UInt8]) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    static func text(_ status: Int, _ text: String) -> HTTPReply {
        HTTPReply(status, "text/plain; charset=utf-8", Array(text.utf8))
    }

    static func json(_ status: Int, _ text: String) -> HTTPReply {
        HTTPReply(status, "application/json", Array(text.utf8))
    }
}

/// One HTTP/1.1 listener that answers GET and HEAD, until its task is cancelled or shut down.
struct HTTPListener: Service {
    enum Limits {
        /// Open connections: probes, scrapers and a few people; more wait in the kernel's backlog.
        static let connections = 128
        /// A connection that says nothing for so long is closed.
        static let idle = TimeAmount.seconds(90)
        /// Bytes of a body written at once, so that a slow reader holds one piece and not a copy.
        static let pieceBytes = 256 * 1024
        /// How often an address that another process still has is tried again; the kernel tells nobody.
        static let retry = Duration.milliseconds(100)
    }

    let flag: String
    let value: String
    /// Tried in turn, while the kernel lacks the family.
    let addresses: [BindAddress]
    let logger: Logger
    /// Gets the path and the query, both as sent.
    let answer: @Sendable (_ path: String, _ query: String?) async -> HTTPReply
    let onBound: @Sendable (any Channel) async -> Void
    /// A process that is about to end may still have the address: it is waited for.
    var waitsForAddress = false
    /// Open connections; more wait in the kernel's backlog.
    var connections = Limits.connections
    /// Shared with other listeners; nil: all are its own.
    var sharing: SharedConnections?

    func run() async throws {
        for (index, address) in addresses.enumerated() {
            do {
                try await serveOnceFree(address)
                return
            } catch where Task.isCancelled {
                // However the library words it, being told to stop is no failure.
                return
            } catch let error as IOError {
                let familyMissing = error.errnoCode == EAFNOSUPPORT || error.errnoCode == EADDRNOTAVAIL
                if familyMissing && index + 1 < addresses.count { continue }
                throw ListenError(
                    code: .bindFailed(errno: error.errnoCode), flag: flag, value: value,
                    cause: "cannot listen: \(reason(error))")
            }
        }
    }

    private func serveOnceFree(_ address: BindAddress) async throws {
        var isFirst = true
        while true {
            do {
                return try await serve(address)
            } catch let error as IOError where waitsForAddress && error.errnoCode == EADDRINUSE {
                if isFirst { logger.info("\(flag) \(value): another process has it; it is waited for") }
                isFirst = false
                try? await cancelWhenGracefulShutdown { try await Task.sleep(for: Limits.retry) }
                if Task.isCancelled || Task.isShuttingDownGracefully { return }
            }
        }
    }

    private func serve(_ address: BindAddress) async throws {
        var quiet = logger
        // The caller logs where it listens; the library's own line would say it twice.
        quiet.logLevel = max(quiet.logLevel, .error)
        let share = sharing.map { ListenerConnections($0, limit: connections) }
        defer { share?.ends() }
        let available: any AvailableConnectionsDelegate
        if let share { available = share } else { available = MaximumAvailableConnections(connections) }
        let application = Application(
            responder: CallbackResponder<BasicRequestContext> { request, _ in await respond(to: request) },
            server: .http1(configuration: .init(idleTimeout: Limits.idle)),
            configuration: ApplicationConfiguration(address: address, availableConnectionsDelegate: available),
            onServerRunning: { channel in
                share?.listens(channel)
                await onBound(channel)
            },
            logger: quiet)
        try await application.run()
    }

    private func respond(to request: Request) async -> Response {
        var reply = HTTPReply.text(405, "only GET and HEAD are answered\n")
        if request.method == .get || request.method == .head {
            reply = await answer(request.uri.path, request.uri.query)
        }
        var fields = reply.fields
        fields[.contentType] = reply.contentType
        fields[.xContentTypeOptions] = "nosniff"
        if reply.status == 405 { fields[.allow] = "GET, HEAD" }
        let bytes = reply.body
        let response = Response(
            status: HTTPResponse.Status(code: reply.status), headers: fields,
            body: ResponseBody(contentLength: bytes.count) { writer in
                for start in stride(from: 0, to: bytes.count, by: Limits.pieceBytes) {
                    let end = min(start + Limits.pieceBytes, bytes.count)
                    try await writer.write(ByteBuffer(bytes: bytes[start..<end]))
                }
                try await writer.finish(nil)
            })
        return request.method == .head ? response.createHeadResponse() : response
    }
}

/// The kernel's words for an errno, such as `Address already in use (errno: 98)`, out of NIO's
/// `bind(descriptor:ptr:bytes:): Address already in use) (errno: 98)`.
func reason(_ error: IOError) -> String {
    var text = Substring(error.description)
    if let end = text.firstRange(of: " (errno: ") { text = text[..<end.lowerBound] }
    if let call = text.ranges(of: ": ").last { text = text[call.upperBound...] }
    if text.hasSuffix(")") { text = text.dropLast() }
    return "\(text) (errno: \(error.errnoCode))"
}
