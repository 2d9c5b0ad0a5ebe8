import Glibc
import LinuxSystem
import NetworkTypes

/// Listeners, their connections and the way to a graceful end.
final class EchoServer: EventHandler {
    enum Service: String {
        case tcp, udp, http
    }

    let settings: EchoSettings
    let loop: EventLoop
    let scratch = ScratchBuffer()
    /// False from SIGTERM on: /readyz fails, and HTTP connections close with their answer.
    private(set) var isReady = true
    private var listeners: [any EchoListener] = []
    private var connections: [ObjectIdentifier: any EchoConnection] = [:]
    private var hasClosedListeners = false
    private let signals: SignalDescriptor

    init(_ settings: EchoSettings) throws {
        self.settings = settings
        loop = try EventLoop()
        signals = try SignalDescriptor([SIGTERM, SIGINT])
        // Where it cannot be raised, it has to do.
        _ = try? DescriptorLimit.raise()
        _ = try loop.add(signals.rawValue, .readable, self)
    }

    /// Opens every address and port of an argument. Where it names no address, a family that the
    /// machine does not have is left out.
    func listen(_ argument: ListenArgument, _ service: Service) throws {
        var opened = 0
        var refusal: SystemError?
        for address in argument.socketAddresses {
            do throws(SystemError) {
                let listener = try attempting("listen on \(service.rawValue) \(address)") {
                    () throws(Errno) -> any EchoListener in
                    try service == .udp
                        ? UDPEchoListener(self, address) : StreamListener(self, address, service)
                }
                listeners.append(listener)
                opened += 1
                printError("fairway-echo: listening on \(service.rawValue) \(listener.address)")
            } catch {
                guard argument.address == nil,
                    error.errno == .familyNotSupported || error.errno == .addressNotAvailable
                else { throw error }
                refusal = error
            }
        }
        if opened == 0, let refusal { throw refusal }
    }

    func run() throws(Errno) {
        printError("fairway-echo: \(settings.name) ready")
        try loop.run()
    }

    func handle(_ event: Epoll.Event) {
        while let signal = try? signals.next() {
            // A second signal is from somebody who does not want to wait.
            guard isReady, signal == SIGTERM else { return loop.stop() }
            isReady = false
            printError("fairway-echo: draining for \(settings.drain)")
            loop.schedule(after: settings.drain) { self.closeListeners() }
        }
    }

    /// False when there are too many already.
    func canTakeConnection() -> Bool { connections.count < settings.maximumConnections }

    func took(_ connection: any EchoConnection) { connections[ObjectIdentifier(connection)] = connection }

    func finished(_ connection: any EchoConnection) {
        connections[ObjectIdentifier(connection)] = nil
        stopWhenDone()
    }

    private func closeListeners() {
        for listener in listeners { listener.close() }
        listeners = []
        hasClosedListeners = true
        printError("fairway-echo: closed its listeners, \(connections.count) connections open")
        for connection in Array(connections.values) { connection.finish() }
        stopWhenDone()
    }

    private func stopWhenDone() {
        if hasClosedListeners && connections.isEmpty { loop.stop() }
    }
}

/// An open port.
protocol EchoListener: AnyObject {
    /// As bound, so never with port 0.
    var address: SocketAddress { get }
    func close()
}

/// An open connection, owned by the server until it is finished.
protocol EchoConnection: AnyObject {
    /// The listeners are closed: end as soon as what is under way is done.
    func finish()
}
