internal import LinuxSystem
internal import Logging
internal import ManifestSource
internal import NetworkTypes

/// The beginning of a daemon, alone or beside one that it takes over from.
///
/// A predecessor that relays connections goes on while this one gets ready (`SuccessorMark`, `RelayFarewell`).
///
/// Taking over: what this daemon needs is tried first (`SuccessionTrial`). Names next: what the manifests say is read once, and
/// DNS answers beside the predecessor; only then is that one asked to end. Its rules stay in the kernel, and its successor carries on with them.
struct DaemonSuccession: Sendable {
    let configuration: Daemon.Configuration
    let hostAddresses: [IPAddress]
    let logger: Logger

    /// - Returns: the lock of this network namespace, nil where none is to be had, the mark that a predecessor waits for, and
    ///   DNS that is bound where it may be.
    func begin() async throws -> (lock: DaemonLock?, mark: SuccessorMark, dns: DNSService?) {
        guard configuration.takesOver else {
            let mark = SuccessorMark(dataplanes: configuration.dataplaneCount)
            let lock = try DaemonLock.take(logger: logger)
            let dns = try makeDNS()
            try await dns?.listeners.bind(sharing: false)
            return (lock, mark, dns)
        }
        let trial = SuccessionTrial(configuration: configuration)
        try await DedicatedThread.run(named: "trial") { try trial.run() }
        let dns = try makeDNS()
        if dns != nil || configuration.hasRelay { try await readObjects(for: dns) }
        if let dns {
            try await dns.listeners.bind(sharing: true)
            try await dns.answerLocally()
        }
        let logger = logger
        let mark = SuccessorMark(dataplanes: configuration.dataplaneCount)
        let lock = try await DedicatedThread.run(named: "succession") { try DaemonLock.succeed(logger: logger) }
        dns?.engine.beginAnew()
        return (lock, mark, dns)
    }

    private func makeDNS() throws -> DNSService? {
        try configuration.dns.map {
            try DNSService(
                $0, hostAddresses: hostAddresses, logger: logger, descriptorLimit: configuration.dnsDescriptors)
        }
    }

    /// Makes the zone of what the source says now, and makes sure that there is something to take over with. Changes from
    /// here on come with the daemon's own reading.
    private func readObjects(for dns: DNSService?) async throws {
        let feed = NameFeed(configuration.source.makeFeed(configuration.watchedKinds, namesToo: true)) { dns?.follow($0, $1, $2) }
        do {
            try await configuration.source.readOnce(configuration.watchedKinds, logger: logger) { feed.apply($0) }
        } catch let error as IncompleteSource {
            throw CommandFailure.failed(
                "--take-over: \(error), so that names and Services would be missing; the daemon that runs is left alone")
        }
    }
}
