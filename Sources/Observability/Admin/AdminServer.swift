package import Logging
import NIOCore
import NetworkTypes
import ServiceLifecycle
import Synchronization

/// What `fairway get` and its like ask of the daemon.
package struct AdminRequest: Sendable, Equatable {
    /// Percent-decoded, such as `/v1/services`.
    package var path: String
    /// Percent-decoded; of a name given twice the last value counts.
    package var query: [String: String]

    package init(path: String, query: [String: String] = [:]) {
        self.path = path
        self.query = query
    }
}

/// What the daemon answers.
package struct AdminResponse: Sendable {
    /// HTTP status.
    package var status: Int
    package var contentType: String
    package var body: [UInt8]

    package init(status: Int = 200, contentType: String = "application/json", body: [UInt8]) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    package init(status: Int = 200, contentType: String = "application/json", text: String) {
        self.init(status: status, contentType: contentType, body: Array(text.utf8))
    }
}

/// The admin socket: HTTP/1.1 over a unix domain socket that only the daemon's user may open.
package struct AdminServer: Service {
    private let file: AdminSocketFile
    private let logger: Logger
    private let handler: @Sendable (AdminRequest) async -> AdminResponse
    private let onBound: @Sendable () async -> Void

    /// - Parameters:
    ///   - path: at most 103 bytes: the kernel's limit (unix(7)) less the name it is bound under.
    ///   - takesOver: a socket that another daemon answers on is replaced: that one is about to end.
    ///   - onBound: called once it listens and the mode is set.
    package init(
        path: String, takesOver: Bool = false, logger: Logger, onBound: @escaping @Sendable () async -> Void = {},
        handler: @escaping @Sendable (AdminRequest) async -> AdminResponse
    ) {
        file = AdminSocketFile(path: path, takesOver: takesOver)
        self.logger = logger
        self.onBound = onBound
        self.handler = handler
    }

    /// Finds out whether the socket could be made once the process that may have it now has ended. Leaves nothing behind but
    /// the folder that it is to be in.
    ///
    /// - Throws: `ListenError`, as `run` does, except that a socket may be in use.
    package static func rehearse(path: String) throws(ListenError) { try AdminSocketFile(path: path).rehearse() }

    /// Serves until shut down or cancelled, then removes the socket.
    ///
    /// - Throws: `ListenError`: `socketInUse` when another daemon answers there, `notASocket` when the
    ///   path names something else, `fileSystem` and `bindFailed` when the kernel refuses.
    package func run() async throws {
        try await file.makeRoom()
        let file = file
        let handler = handler
        let onBound = onBound
        let secured = Mutex<Result<AdminSocketFile.Identity, ListenError>?>(nil)
        let listener = HTTPListener(
            socket: file.bindPath, flag: AdminSocketFile.flag, value: file.path, logger: logger,
            onBound: { channel in
                let result = Result { () throws(ListenError) in try file.publish() }
                secured.withLock { $0 = result }
                guard case .success = result else {
                    // A socket that others may open is worse than none.
                    channel.close(promise: nil)
                    return
                }
                await onBound()
            },
            answer: { path, query in
                let request = AdminRequest(
                    path: PercentEncoding.decoded(path), query: PercentEncoding.query(query ?? ""))
                let response = await handler(request)
                return HTTPReply(response.status, response.contentType, response.body)
            })
        defer {
            if case .success(let identity) = secured.withLock({ $0 }) { file.remove(ifStill: identity) }
        }
        do {
            try await listener.run()
        } catch {
            // Closing the socket ends the listener with an error of its own; the reason is this one.
            if case .failure(let cause) = secured.withLock({ $0 }) { throw cause }
            throw error
        }
    }
}
