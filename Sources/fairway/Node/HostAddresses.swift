internal import LinuxSystem
internal import LocalAddress
internal import Logging
internal import Netlink
internal import NetworkTypes
internal import ServiceLifecycle

/// The addresses of this host that others can reach: loopback, link-local and tentative ones left out, and
/// those of Services that Fairway itself made local.
enum HostAddresses {
    /// - Throws: `CommandFailure` with the kernel's words.
    static func current() throws(CommandFailure) -> [IPAddress] {
        do throws(NetlinkError) {
            return reachable(try NodeAddresses().list())
        } catch {
            throw .failed("\(error)")
        }
    }

    static func reachable(_ addresses: [NodeAddress]) -> [IPAddress] {
        var result: Set<IPAddress> = []
        for item in addresses
        where !item.isTentative && !item.interfaceName.hasPrefix(LocalAddresses.interfacePrefix) {
            let address = item.address
            if !address.isLoopback && !address.isLinkLocal && !address.isMulticast && item.scope == .universe {
                result.insert(address)
            }
        }
        return result.sorted()
    }
}

/// Follows the host's addresses, so that NodePorts are served on those that come at run time.
struct HostAddressService: Service {
    let engine: Engine
    let logger: Logger

    func run() async throws {
        let stop: NetlinkStop
        do {
            stop = try NetlinkStop()
        } catch {
            throw CommandFailure.failed("follow the host's addresses: \(error)")
        }
        let (engine, logger) = (engine, logger)
        try await withTaskCancellationOrGracefulShutdownHandler {
            try await DedicatedThread.run(named: "addresses") {
                do throws(NetlinkError) {
                    var monitor = try NodeAddressMonitor(stop: stop)
                    let addresses = try NodeAddresses()
                    repeat {
                        engine.hostAddressesChanged(to: HostAddresses.reachable(try addresses.list()))
                    } while try monitor.next()
                } catch {
                    logger.error("\(error); addresses that change from now on are not noticed until a restart")
                }
            }
        } onCancelOrGracefulShutdown: {
            stop.signal()
        }
        // A service that returns ends the daemon; one that only lost its ears must not.
        try? await gracefulShutdown()
    }
}
