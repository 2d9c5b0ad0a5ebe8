internal import LinuxSystem
internal import NIOCore
package import NIOPosix
internal import NetworkTypes
internal import Synchronization

/// Answers over TCP (RFC 7766): queries of a connection are answered as soon as each can be, in any order.
///
/// A message shorter than a header, or that is no query, is ignored as over UDP; it does not prolong its connection.
package final class TCPServer: Sendable {
    /// One for each event loop.
    package let statistics: [ServerStatistics]
    let connections: TCPConnections
    let group: MultiThreadedEventLoopGroup
    private let workers: [ObjectIdentifier: WorkerPlace]
    let listeners = Mutex<[LinuxSystem.SocketAddress: any Channel]>([:])

    /// Nothing is listened to yet.
    ///
    /// - Parameters:
    ///   - forwarder: takes the queries that the zone does not answer.
    ///   - group: its event loops answer; the caller shuts it down after `stop`.
    package convenience init(
        limits: TCPLimits = TCPLimits(), responder options: ResponderOptions = ResponderOptions(),
        zones: ZonePublisher, forwarder: (any ForwardSink)? = nil, group: MultiThreadedEventLoopGroup
    ) {
        self.init(limits: limits, forwarder: forwarder, group: group) { statistics in
            ZoneAnswerer(zones: zones, responder: Responder(options: options, statistics: statistics))
        }
    }

    init(
        limits: TCPLimits, forwarder: (any ForwardSink)?, group: MultiThreadedEventLoopGroup,
        answerer: @escaping @Sendable (ServerStatistics) -> any TCPAnswerer
    ) {
        self.group = group
        connections = TCPConnections(limits: limits)
        var workers: [ObjectIdentifier: WorkerPlace] = [:]
        var all: [ServerStatistics] = []
        for eventLoop in group.makeIterator() {
            let statistics = ServerStatistics()
            all.append(statistics)
            workers[ObjectIdentifier(eventLoop)] = WorkerPlace(eventLoop) {
                TCPWorker(answerer: answerer(statistics), forwarder: forwarder)
            }
        }
        statistics = all
        self.workers = workers
    }

    package var counters: TCPCounters { connections.counters }

    /// The handler of a new connection; on the connection's event loop.
    func makeHandler(for channel: any Channel) -> TCPConnectionHandler? {
        guard let client = channel.remoteAddress?.ipAddress.flatMap({ IPAddress($0) }),
            let worker = workers[ObjectIdentifier(channel.eventLoop)]?.worker
        else { return nil }
        return TCPConnectionHandler(connections: connections, worker: worker, client: client)
    }
}

/// An event loop's worker, made on that loop when its first connection comes.
private final class WorkerPlace: Sendable {
    private let box: NIOLoopBoundBox<TCPWorker?>
    private let make: @Sendable () -> TCPWorker

    init(_ eventLoop: any EventLoop, make: @escaping @Sendable () -> TCPWorker) {
        box = NIOLoopBoundBox.makeEmptyBox(eventLoop: eventLoop)
        self.make = make
    }

    /// On the event loop only.
    var worker: TCPWorker {
        if let worker = box.value { return worker }
        let worker = make()
        box.value = worker
        return worker
    }
}
