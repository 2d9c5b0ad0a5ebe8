internal import AsyncHTTPClient
internal import KubernetesClient
internal import KubernetesWire
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import Synchronization

/// A successful answer, whole.
struct APIAnswer: Sendable {
    let format: WireFormat
    let body: [UInt8]
}

extension APIClient {
    /// Attempts after the first, where the server says when to come back.
    static let retryLimit = 5
    /// A server that wants longer is told of to the caller, who has something else to do meanwhile.
    static let retryAfterLimit = Duration.seconds(30)

    /// Attempts after the first, of a request that reads and whose connection was closed before the answer.
    ///
    /// A server closes the connection after a request that it does not authenticate, and when it ends; HTTP/2 has other
    /// requests on it. So each hears what is the matter, and not that a stream was closed.
    static let reconnectLimit = 2

    /// Sends a request and reads the answer.
    ///
    /// 429 and 503 with `Retry-After` are tried again a few times, 401 once with fresh credentials, 406 and 415 in JSON.
    func answer(_ make: (WireFormat) -> APIRequest) async throws -> APIAnswer {
        let request = make(format)
        let response = try await accepted(make, isWatch: false)
        let body = try await read(response.body, limit: request.answerLimitBytes, request)
        return APIAnswer(format: WireFormat(response.headers), body: body)
    }

    /// Sends a request until an answer with 2xx begins.
    func accepted(_ make: (WireFormat) -> APIRequest, isWatch: Bool) async throws -> HTTPClientResponse {
        var retries = 0
        var reconnects = 0
        var hasRenewed = false
        while true {
            let request = make(format)
            let held = try await pace.wait()
            let access = followed.refreshed(logger)
            let used = try await access.credentials.current()
            if let news = access.credentials.takeNews() { logger.warning("\(news); the token before is used on") }
            let begin = NIODeadline.now()
            let response: HTTPClientResponse
            do {
                response = try await counted(held) { try await self.send(request, as: used, access, isWatch: isWatch) }
            } catch let error as ConnectionError {
                let isShared = connection.server.isSecure && request.method == .get
                guard error.code == .closed, isShared, reconnects < Self.reconnectLimit else { throw error }
                reconnects += 1
                // The pool may not know yet that the connection is closed.
                _ = (isWatch ? watchGeneration : requestGeneration).end(silentSince: begin)
                counts.withLock { $0.retries += 1 }
                continue
            }
            if (200..<300).contains(response.status.code) { return response }
            let status = try await refusal(response, request)
            switch status.code {
            case 401 where !hasRenewed:
                hasRenewed = true
                let mayBeOthers = await access.credentials.refused(used)
                guard mayBeOthers || followed.refreshed(logger).credentials !== access.credentials else { throw status }
            case 406, 415:
                guard request.method == .get, fallBackToJSON(because: status) else { throw status }
            case 429, 503:
                guard !isWatch, retries < Self.retryLimit, let seconds = status.retryAfterSeconds,
                    .seconds(seconds) <= Self.retryAfterLimit
                else { throw status }
                retries += 1
                try await time.sleep(.seconds(seconds))
            default: throw status
            }
            counts.withLock { $0.retries += 1 }
        }
    }

    private func counted(
        _ held: Duration, _ send: () async throws -> HTTPClientResponse
    ) async throws -> HTTPClientResponse {
        counts.withLock {
            $0.requests += 1
            if held > .zero {
                $0.heldBack += 1
                $0.heldBackTime += held
            }
        }
        do {
            let response = try await send()
            counts.withLock { $0.answers[Int(response.status.code / 100), default: 0] += 1 }
            return response
        } catch {
            counts.withLock { $0.answers[0, default: 0] += 1 }
            throw error
        }
    }

    private func refusal(_ response: HTTPClientResponse, _ request: APIRequest) async throws -> APIStatus {
        let body = try await refusalBody(response, request)
        if response.status == .badRequest, !connection.server.isSecure { try checkScheme(body) }
        let retryAfter = response.headers.first(name: "Retry-After").flatMap(Int.init).map { max(0, $0) }
        return APIStatus(httpStatus: Int(response.status.code), body: body.span, retryAfterSeconds: retryAfter)
    }

    /// Nothing where the connection broke in its middle: the status says enough.
    private func refusalBody(_ response: HTTPClientResponse, _ request: APIRequest) async throws -> [UInt8] {
        do {
            return try await read(response.body, limit: APIRequest.objectLimitBytes, request)
        } catch let error as ConnectionError where error.code == .cut {
            return []
        }
    }

    /// A server that speaks TLS tells who does not, in plain HTTP.
    private func checkScheme(_ body: [UInt8]) throws(ConnectionError) {
        let text = String(decoding: body.prefix(1024), as: UTF8.self)
        if text.contains("HTTPS server") || text.contains("HTTPS port") { throw wantsTLS }
    }

    private func read(
        _ body: HTTPClientResponse.Body, limit: Int, _ request: APIRequest
    ) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        var begin = NIODeadline.now()
        do {
            for try await chunk in body {
                begin = .now()
                guard bytes.count + chunk.readableBytes <= limit else {
                    throw ConnectionError(
                        .answer, "\(connection.server): the answer to \(request.path) is larger than \(limit >> 20) MiB")
                }
                bytes.append(contentsOf: chunk.readableBytesView)
            }
        } catch let error as ConnectionError {
            throw error
        } catch {
            let explanation = await explained(error)
            doubt(isWatch: false, since: begin, explanation)
            throw (explanation as? ConnectionError)?.inAnswer ?? explanation
        }
        return bytes
    }
}

extension WireFormat {
    /// Of an answer: what is not protobuf is read as JSON.
    init(_ headers: HTTPHeaders) {
        let type = headers.first(name: "Content-Type") ?? ""
        self = type.hasPrefix(WireFormat.protobuf.mediaType) ? .protobuf : .json
    }
}
