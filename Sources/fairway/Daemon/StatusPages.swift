internal import Logging
internal import Observability
internal import ServiceLifecycle

/// Pages of a daemon, each on an address of its own.
struct StatusPages {
    typealias Page = (address: ListenAddress?, path: String, page: @Sendable () -> PageServer.Page)

    /// Those without an address are not served.
    let pages: [Page]
    /// Before the path in the line that says where a page is.
    var logPrefix = ""
    /// A predecessor still has the addresses and is about to end.
    var waitsForAddresses = false
    let logger: Logger

    var services: [any ServiceLifecycle.Service] {
        pages.compactMap { item in
            guard let address = item.address else { return nil }
            let (logger, path, title) = (logger, item.path, logPrefix + item.path.dropFirst())
            return PageServer(
                address: address, path: path, waitsForAddress: waitsForAddresses, logger: logger,
                onBound: { logger.info("\(title) at http://\($0)\(path)") }, page: item.page)
        }
    }
}
