internal import DNSServer
internal import DNSWire
internal import FoundationEssentials
internal import LinuxSystem

extension DNSService {
    /// How this process answers, over every transport.
    ///
    /// - Parameter pods: this node's; nil: nobody's search path is walked.
    static func responderOptions(
        _ configuration: DNSConfiguration, offersRecursion: Bool, pods: LocalPodPublisher?
    ) throws -> ResponderOptions {
        var options = ResponderOptions()
        options.offersRecursion = offersRecursion
        options.answersAnyWithHINFO = configuration.answersAnyWithHINFO
        if configuration.nameErrorRate > 0 { options.nameErrorLimit = NameErrorLimit(rate: configuration.nameErrorRate) }
        if let pods { options.autopath = Autopath(hostDomains: try hostDomains(), pods: pods) }
        if configuration.logsQueries { options.queryLog = try startQueryLog() }
        return options
    }

    /// The search domains that pods get from the node; none without a resolv.conf.
    private static func hostDomains() throws(CommandFailure) -> [DomainName] {
        do throws(Errno) {
            return Autopath.hostDomains(inResolvConf: try textOfResolvConf())
        } catch {
            if error == .noEntry { return [] }
            throw .failed("--dns-autopath: \(resolvConf): \(error)")
        }
    }

    /// Writes to standard error, as the daemon's own lines do.
    private static func startQueryLog() throws(CommandFailure) -> QueryLog {
        do throws(SystemError) {
            return try QueryLog(
                wallClock: { .seconds(Date.now.timeIntervalSince1970) }, write: { Output.error(lines: $0) })
        } catch {
            throw .failed("--dns-query-log: \(error)")
        }
    }
}
