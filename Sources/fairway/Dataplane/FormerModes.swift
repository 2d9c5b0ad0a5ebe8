internal import BPFDataplane
internal import Dataplane
internal import LinuxSystem
internal import Logging
internal import ServiceLifecycle
internal import Synchronization

/// Removes what other modes left in the kernel, once the one that runs is ready.
///
/// What redirects packets to a relay is removed when the last process has ended that still relays what came to it so. Until
/// then it brings nothing new to them.
final class FormerModes: Service, Sendable {
    /// Nobody tells of names that were let go.
    private static let lookPeriod = Duration.milliseconds(250)

    private let modes: DataplaneModes
    private let configuration: Daemon.Configuration
    private let logger: Logger
    private let stop: WakeDescriptor
    /// Names of the relays to wait for, once.
    private let relays = AsyncStream<[String]>.makeStream(bufferingPolicy: .bufferingNewest(1))

    init(_ configuration: Daemon.Configuration, logger: Logger) throws(CommandFailure) {
        self.configuration = configuration
        self.logger = logger
        modes = DataplaneModes(pinPath: configuration.ebpf.pinPath)
        do throws(Errno) { stop = try WakeDescriptor() } catch {
            throw .failed("cannot make an eventfd: \(error)")
        }
    }

    /// The mode that runs has everything that it was told first. New connections go its way when this returns.
    func modeIsReady() {
        let others = modes.all.filter { !configuration.writes($0.modeName) }
        for mode in others {
            let present = mode.outlivesRelays ? RelayPresence.present() : []
            guard !present.isEmpty else {
                remove(mode)
                continue
            }
            do throws(DataplaneError) {
                guard try mode.retire() else { continue }
                logger.info("\(why(mode)): what \(present.count) fairway run still relays goes on; nothing new comes to it")
            } catch { complain(mode, error) }
            relays.continuation.yield(present)
        }
    }

    func run() async throws {
        await withTaskCancellationOrGracefulShutdownHandler {
            for await present in relays.stream {
                do {
                    try await DedicatedThread.run(named: "former modes") { try self.awaitEnd(of: present) }
                } catch {
                    logger.error("what other modes left stays: \(error)")
                }
            }
        } onCancelOrGracefulShutdown: {
            self.stop.signal()
            self.relays.continuation.finish()
        }
    }

    private func awaitEnd(of present: [String]) throws {
        let epoll = try Epoll()
        try epoll.add(stop.rawValue, .readable, token: 0)
        var present = present
        while !present.isEmpty {
            guard try epoll.wait(timeout: Self.lookPeriod).isEmpty else { return }
            present.removeAll(where: HeldName.isFree)
        }
        for mode in modes.all where mode.outlivesRelays { remove(mode) }
    }

    private func remove(_ mode: FormerMode) {
        do throws(DataplaneError) {
            for line in try mode.removeState() { logger.info("\(why(mode)): removed \(line)") }
        } catch { complain(mode, error) }
    }

    private func why(_ mode: FormerMode) -> String {
        mode.modeName == configuration.mode.name
            ? "packets are not redirected any more" : "mode \(mode.modeName) no longer runs"
    }

    private func complain(_ mode: FormerMode, _ error: DataplaneError) {
        // A plain user's daemon may not, and the one that left something could.
        if !configuration.isPrivileged && error.code == .permission { return }
        logger.error("\(why(mode)), and what was left stays: \(error)")
    }
}

extension Daemon.Configuration {
    /// Some of the kernel's state of that mode is this daemon's.
    fileprivate func writes(_ modeName: String) -> Bool { modeName == mode.name && isPrivileged }
}
