internal import AsyncHTTPClient
package import KubernetesClient
internal import KubernetesModel
package import KubernetesWire
internal import NIOCore

extension APIClient: ListWatching {
    package func list(_ request: ListRequest) async throws -> ObjectList {
        let kind = request.resource.listedKind
        let answer = try await answer { APIRequest(request, format: $0) }
        do {
            return try ObjectDecoder(kind, format: answer.format, strings: strings).list(answer.body)
        } catch {
            throw ConnectionError(.answer, "\(connection.server): list of \(request.resource): \(error)")
        }
    }

    package func watch(_ request: WatchRequest) async throws -> WatchEvents {
        let kind = request.resource.listedKind
        let response = try await accepted({ APIRequest(request, format: $0) }, isWatch: true)
        let reader = WatchFrameReader(kind, format: WireFormat(response.headers), strings: strings)
        return WatchEvents(body: response.body, reader: reader, client: self, resource: request.resource)
    }
}

extension APIResource {
    /// - Precondition: the model has objects of this resource.
    fileprivate var listedKind: ObjectKind {
        guard let kind = objectKind else { preconditionFailure("\(self) is read object by object") }
        return kind
    }
}

/// The events of one watch, as the connection brings them; read once. Dropped, it ends the watch.
package struct WatchEvents: AsyncSequence, Sendable {
    package typealias Element = [WatchEvent]
    package typealias Failure = any Error

    let body: HTTPClientResponse.Body
    let reader: WatchFrameReader
    let client: APIClient
    let resource: APIResource

    package func makeAsyncIterator() -> Iterator {
        Iterator(body: body.makeAsyncIterator(), reader: reader, client: client, resource: resource)
    }

    package struct Iterator: AsyncIteratorProtocol {
        var body: HTTPClientResponse.Body.AsyncIterator
        var reader: WatchFrameReader
        let client: APIClient
        let resource: APIResource
        /// What ends the watch after the events before it were given.
        var failure: (any Error)?
        var isAtEnd = false

        /// The whole events of the next bytes; nil when the server ended the watch.
        ///
        /// - Throws: ``ConnectionError``: the connection broke, was silent for too long, or brought what is no event.
        package mutating func next() async throws -> [WatchEvent]? {
            guard !isAtEnd else { return nil }
            if let failure {
                isAtEnd = true
                throw failure
            }
            while let chunk = try await nextChunk() {
                var events: [WatchEvent] = []
                do {
                    try reader.read(chunk.readableBytesUInt8Span, into: &events)
                } catch {
                    let fault = ConnectionError(.answer, "\(client.connection.server): watch of \(resource): \(error)")
                    guard !events.isEmpty else {
                        isAtEnd = true
                        throw fault
                    }
                    failure = fault
                }
                if !events.isEmpty { return events }
            }
            isAtEnd = true
            do {
                try reader.finish()
            } catch {
                throw ConnectionError(.cut, "\(client.connection.server): watch of \(resource): \(error)")
            }
            return nil
        }

        private mutating func nextChunk() async throws -> ByteBuffer? {
            let begin = NIODeadline.now()
            do {
                let chunk = try await body.next()
                if chunk == nil, Task.isCancelled { client.givenUp(since: begin) }
                return chunk
            } catch {
                isAtEnd = true
                let explanation = await client.explainedWatch(error, resource)
                if Task.isCancelled { client.givenUp(since: begin) } else if (explanation as? ConnectionError)?.code == .timedOut {
                    client.doubt(isWatch: true, since: begin, explanation)
                }
                throw explanation
            }
        }
    }
}

extension APIClient {
    /// Whoever reads a watch ended it: of silence, if that lasted longer than a request may.
    fileprivate func givenUp(since begin: NIODeadline) {
        guard NIODeadline.now() - begin >= TimeAmount(options.requestTimeout) else { return }
        doubt(isWatch: true, since: begin)
    }

    fileprivate func explainedWatch(_ error: any Error, _ resource: APIResource) async -> any Error {
        if let failure = error as? HTTPClientError, failure == .readTimeout {
            return ConnectionError(
                .timedOut,
                "\(connection.server): watch of \(resource): neither event nor bookmark in \(options.watchSilenceLimit.components.seconds) s")
        }
        let explanation = await explained(error)
        return (explanation as? ConnectionError)?.inAnswer ?? explanation
    }
}
