internal import AsyncHTTPClient
internal import FoundationEssentials
internal import KubernetesClient
package import KubernetesModel
package import KubernetesWire
package import Logging
package import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Synchronization

/// The connection to an API server: everything between a request and its bytes on the wire.
///
/// Lists, watches and writes go through here with the cluster's credentials, at the rate of the options. HTTP/2 or 1.1,
/// as the server offers. A task that is cancelled ends its request.
package final class APIClient: Sendable {
    let followed: FollowedConnection
    let options: APIClientOptions
    let logger: Logger
    let strings: StringInterner
    let time: Timing
    let pace: RequestPace
    /// Two, so that a large list does not stand before watches on one connection; and because silence means something
    /// else on a watch.
    private let requests: HTTPClient
    private let watches: HTTPClient
    let requestGeneration = ConnectionGeneration()
    let watchGeneration = ConnectionGeneration()
    private let formatInUse: Mutex<WireFormat>
    let counts = Mutex(APIClientCounts())

    /// HTTP/1.1 connections at once; HTTP/2 needs one. Every kind watched is one, every worker's write another.
    static let connectionLimit = 64

    /// Reads certificates and keys, and connects to nothing.
    ///
    /// - Parameters:
    ///   - followed: shared by the clients of a process, so that a change is told once.
    ///   - eventLoopGroup: nil: that of the process.
    ///   - strings: shared with other clients, so that a string that recurs is there once.
    ///   - clock: of the rate limit and of waiting between attempts.
    /// - Throws: ``ConnectionError`` naming file and field.
    package init(
        following followed: FollowedConnection, options: APIClientOptions = APIClientOptions(), logger: Logger,
        eventLoopGroup: (any EventLoopGroup)? = nil,
        strings: StringInterner = StringInterner(), clock: any Clock<Duration> = ContinuousClock()
    ) throws {
        self.followed = followed
        self.options = options
        self.logger = logger
        self.strings = strings
        time = Timing(clock)
        pace = RequestPace(perSecond: options.requestsPerSecond, burst: options.burst, time: time)
        formatInUse = Mutex(options.format)
        let access = followed.refreshed(logger)
        let connection = access.connection
        if connection.server.isSecure { _ = try access.tls.current() }
        for warning in followed.takeWarnings() { logger.warning("\(warning)") }
        let eventLoopGroup = eventLoopGroup ?? MultiThreadedEventLoopGroup.singleton
        requests = HTTPClient(
            eventLoopGroupProvider: .shared(eventLoopGroup),
            configuration: .init(connection, options, silenceLimit: options.requestTimeout))
        watches = HTTPClient(
            eventLoopGroupProvider: .shared(eventLoopGroup),
            configuration: .init(connection, options, silenceLimit: options.watchSilenceLimit))
    }

    /// The same for a connection that stays as it is.
    package convenience init(
        connection: ClusterConnection, options: APIClientOptions = APIClientOptions(), logger: Logger,
        clock: any Clock<Duration> = ContinuousClock()
    ) throws {
        try self.init(following: FollowedConnection(connection), options: options, logger: logger, clock: clock)
    }

    /// As it is now.
    var connection: ClusterConnection { followed.connection }

    /// Ends all requests and connections. To be called once, before the client goes away.
    package func shutdown() async throws {
        try await requests.shutdown()
        try await watches.shutdown()
    }

    /// What was asked for so far, for metrics.
    package var statistics: APIClientCounts { counts.withLock { $0 } }

    /// The format that lists and watches are asked for in, now.
    package var format: WireFormat { formatInUse.withLock { $0 } }

    /// The server does not speak the format asked for: JSON from now on.
    ///
    /// - Returns: whether that is something new.
    func fallBackToJSON(because status: APIStatus) -> Bool {
        let isNew = formatInUse.withLock { format in
            defer { format = .json }
            return format != .json
        }
        if isNew { logger.warning("\(connection.server) refuses protobuf, JSON is used from now on: \(status)") }
        return isNew
    }

    func send(
        _ request: APIRequest, as credentials: RequestCredentials, _ access: FollowedConnection.Access, isWatch: Bool
    ) async throws -> HTTPClientResponse {
        let begin = NIODeadline.now()
        let connection = access.connection
        var message = HTTPClientRequest(url: url(request, connection))
        message.method = .init(rawValue: request.method.rawValue)
        message.headers.add(name: "Accept", value: request.accept)
        message.headers.add(name: "User-Agent", value: options.userAgent)
        if !connection.tls.serverName.isEmpty { message.headers.add(name: "Host", value: connection.server.authority) }
        if !credentials.authorization.isEmpty {
            message.headers.add(name: "Authorization", value: credentials.authorization)
        }
        message.headers.add(connection.impersonation)
        if !request.contentType.isEmpty {
            message.headers.add(name: "Content-Type", value: request.contentType)
            message.body = .bytes(ByteBuffer(bytes: request.body))
        }
        if connection.server.isSecure {
            let (configuration, news) = try access.tls.current(identity: credentials.identity)
            if let news { logger.warning("\(news); the one before is used on") }
            message.tlsConfiguration = (isWatch ? watchGeneration : requestGeneration).configuration(configuration)
        }
        do {
            let deadline = begin + TimeAmount(options.requestTimeout)
            return try await (isWatch ? watches : requests).execute(message, deadline: deadline)
        } catch {
            let explanation = await explained(error)
            doubt(isWatch: isWatch, since: begin, explanation)
            throw explanation
        }
    }

    /// With the name of the certificate as host where it is another than the server's: the way there is set apart.
    private func url(_ request: APIRequest, _ connection: ClusterConnection) -> String {
        let server = connection.server
        guard server.isSecure, !connection.tls.serverName.isEmpty else {
            return "\(server.scheme)://\(server.authority)\(server.path)\(request.target)"
        }
        return "https://\(connection.tls.serverName):\(server.port)\(server.path)\(request.target)"
    }
}

extension APIClient: CustomStringConvertible {
    package var description: String { "\(connection.server) (\(connection.origin))" }
}

/// What a client did since its start.
package struct APIClientCounts: Sendable, Hashable {
    /// Requests sent, attempts counted each.
    package var requests = 0
    /// Answers by the class of their status: 2 for 2xx; 0: none came.
    package var answers: [Int: Int] = [:]
    /// Requests that the rate limit held back.
    package var heldBack = 0
    /// The time they were held back for, together.
    package var heldBackTime = Duration.zero
    /// Attempts made again because the server said when to come back, or did not accept credentials, or because the connection
    /// was closed before the answer.
    package var retries = 0
    /// Times that new connections were made because nothing came over those that were there.
    package var connectionsLeft = 0

    package init() {}
}
