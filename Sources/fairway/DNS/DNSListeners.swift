internal import DNSServer
internal import Glibc
internal import LinuxSystem
internal import Logging
internal import NetworkTypes
internal import ServiceLifecycle
internal import Synchronization

/// The sockets that DNS is answered on, and the threads behind them.
///
/// An address that nobody has is bound at once: a question before the first sync gets SERVFAIL with its reason. One that
/// another process shares (SO_REUSEPORT) is that of a predecessor, whose clients must notice nothing: it is bound only
/// once this process knows what to answer.
final class DNSListeners: Service, Sendable {
    private struct State {
        var bound: [SocketAddress] = []
        /// Run after the last answer.
        var whenStopped: (@Sendable () async -> Void)?
    }

    private let addresses: [SocketAddress]
    private let logger: Logger
    private let state = Mutex(State())
    private let ready = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    let udp: UDPServer
    let tcp: TCPServer
    /// Counts the replies that other servers' answers were made into.
    let forwarded: ServerStatistics

    init(addresses: [SocketAddress], udp: UDPServer, tcp: TCPServer, forwarded: ServerStatistics, logger: Logger) {
        self.addresses = addresses
        self.forwarded = forwarded
        self.udp = udp
        self.tcp = tcp
        self.logger = logger
    }

    /// Where DNS is answered now, with the ports that were bound.
    var bound: [SocketAddress] { state.withLock { $0.bound } }

    /// The zone can be answered from: addresses that a predecessor has may be shared now.
    func zoneIsReady() { ready.continuation.yield() }

    /// Binds what is free, or everything.
    ///
    /// - Throws: `CommandFailure` that names the address.
    func bind(sharing: Bool, again: Bool = false) async throws {
        for address in addresses where !isBound(address) {
            if !sharing, try isShared(address) {
                if !again { logger.info("another process answers at \(address); Fairway joins it once its zone is complete") }
                continue
            }
            try await bind(address)
        }
    }

    private func isBound(_ address: SocketAddress) -> Bool {
        bound.contains { $0.address == address.address && (address.port == 0 || $0.port == address.port) }
    }

    private func bind(_ address: SocketAddress) async throws {
        do {
            try await DedicatedThread.run(named: "dns-bind") { _ = try self.add(address) }
        } catch {
            throw CommandFailure.failed("--dns-bind-address \(address): \(error)")
        }
    }

    /// Answers at a further address. Blocks.
    ///
    /// - Returns: the address with the port that was bound, where `address` has port 0.
    @discardableResult
    func add(_ address: SocketAddress) throws(SystemError) -> SocketAddress {
        // TCP first: a free port of TCP is nearly always free for UDP too.
        let actual = try tcp.add(address)
        do throws(SystemError) {
            try udp.add(actual)
        } catch {
            tcp.remove(actual)
            throw error
        }
        state.withLock { $0.bound.append(actual) }
        logger.info("dns at \(actual)")
        return actual
    }

    /// Answers no more at an address, once what is queued there was answered. Blocks.
    func remove(_ address: SocketAddress) {
        udp.remove(address)
        tcp.remove(address)
        state.withLock { $0.bound.removeAll { $0 == address } }
        logger.info("dns no more at \(address)")
    }

    /// Another process has the address, and shares it.
    ///
    /// - Throws: `CommandFailure` when it does not share it. (Untyped: a typed error thrown inside an async function
    ///   crashes the optimising compiler of Swift 6.3.1.)
    private func isShared(_ address: SocketAddress) throws -> Bool {
        guard address.port != 0 else { return false }
        switch PortProbe.look(at: address) {
        case .free: return false
        case .shared: return true
        case .taken(let errno): throw CommandFailure.failed("--dns-bind-address \(address): cannot listen: \(errno)")
        }
    }

    /// Waits for shutdown, then answers what is queued and lets go.
    func run() async throws {
        if addresses.contains(where: { !isBound($0) }) {
            try await withGracefulShutdownHandler {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await self.bindWhatIsLeft() }
                    for await _ in ready.stream {
                        try await bind(sharing: true)
                        break
                    }
                    group.cancelAll()
                }
            } onGracefulShutdown: {
                self.ready.continuation.finish()
            }
        }
        try? await gracefulShutdown()
        await stop()
    }

    /// A predecessor may end before this process knows everything: then what it knows has to do. No event tells that a
    /// port became free.
    private func bindWhatIsLeft() async throws {
        while !Task.isCancelled, addresses.contains(where: { !isBound($0) }) {
            do { try await Task.sleep(for: .milliseconds(500)) } catch { return }
            try await bind(sharing: false, again: true)
        }
    }

    private func stop() async {
        let (udp, tcp) = (udp, tcp)
        async let connections: Void = tcp.stop()
        try? await DedicatedThread.run(named: "dns-stop") { udp.stop() }
        await connections
        await state.withLock { $0.whenStopped }?()
    }

    /// Has `body` run after the last answer.
    func whenStopped(_ body: @escaping @Sendable () async -> Void) { state.withLock { $0.whenStopped = body } }
}
