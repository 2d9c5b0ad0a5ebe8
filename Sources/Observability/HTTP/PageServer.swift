package import Logging
import ServiceLifecycle

/// One page on an address of its own, as CoreDNS has `/health`, `/ready` and `/metrics` on three ports.
package struct PageServer: Service {
    /// What the page says.
    package struct Page: Sendable, Equatable {
        /// HTTP status.
        package var status: Int
        package var contentType: String
        package var text: String

        package init(status: Int = 200, contentType: String = "text/plain; charset=utf-8", text: String) {
            self.status = status
            self.contentType = contentType
            self.text = text
        }

        /// Metrics in Prometheus' text format 0.0.4.
        package static func exposition(of metrics: PrometheusMetrics) -> Page {
            Page(contentType: ExpositionWriter.contentType, text: metrics.exposition())
        }
    }

    private let address: ListenAddress
    private let path: String
    private let waitsForAddress: Bool
    private let page: @Sendable () -> Page
    private let logger: Logger
    private let onBound: @Sendable (BoundAddress) async -> Void

    /// - Parameters:
    ///   - path: with its slash; every other path is 404.
    ///   - waitsForAddress: another process may still have the address and is about to end.
    ///   - onBound: called once it listens.
    package init(
        address: ListenAddress, path: String, waitsForAddress: Bool = false, logger: Logger,
        onBound: @escaping @Sendable (BoundAddress) async -> Void = { _ in }, page: @escaping @Sendable () -> Page
    ) {
        self.address = address
        self.path = path
        self.waitsForAddress = waitsForAddress
        self.page = page
        self.logger = logger
        self.onBound = onBound
    }

    /// Serves until shut down or cancelled.
    ///
    /// - Throws: `ListenError` when it cannot listen.
    package func run() async throws {
        let (path, page) = (path, page)
        try await HTTPListener(
            address: address, waitsForAddress: waitsForAddress, logger: logger, onBound: onBound
        ) { asked, _ in
            guard asked == path else { return .text(404, "there is \(path) here\n") }
            let page = page()
            return HTTPReply(page.status, page.contentType, Array(page.text.utf8))
        }.run()
    }
}
