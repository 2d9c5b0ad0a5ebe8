internal import ArgumentParser
internal import Dataplane
internal import LinuxSystem
internal import LocalAddress
internal import Netlink

/// Removes what Fairway put into the kernel.
struct CleanupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cleanup",
        abstract: "Removes everything Fairway put into the kernel, and what a kube-proxy that has ended left there.")

    @Option(help: "The folder of `fairway run --state-dir`: it says which reserved ports are Fairway's.")
    var stateDir = SourceOptions.defaultStateDirectory

    @OptionGroup var pins: PinOptions

    @Flag(help: "Only what a kube-proxy that has ended left; a fairway run may be at work.")
    var kubeProxyOnly = false

    func run() throws {
        guard kubeProxyOnly else {
            return try Self.removeEverything(stateDirectory: stateDir, pinPath: try pins.path())
        }
        var removed: [String] = []
        defer { Output.line(removed.isEmpty ? "nothing to remove" : removed.map { "removed \($0)" }.joined(separator: "\n")) }
        try Self.removeKubeProxy(&removed)
    }

    /// What is in use is left alone.
    private static func removeKubeProxy(_ removed: inout [String]) throws(CommandFailure) {
        if let process = RunningKubeProxy.find() {
            Output.error("fairway: kube-proxy runs (pid \(process)): what it has in the kernel is left alone")
            return
        }
        let others = KubeProxyToolRemains(tools: .installed)
        var report = KubeProxyToolRemains.Report()
        others.removeChains(&report)
        do throws(NetlinkError) {
            let remains = try KubeProxyRemains()
            let (own, host) = try remains.hostAddresses()
            try remains.remove(&report.removed)
            let isExpected = !report.removed.isEmpty || !own.isEmpty
            // By interface and sets a later run knows which virtual servers are kube-proxy's.
            if others.removeServersAndSets(own: own, host: host, isExpected: isExpected, &report) {
                try remains.removeInterface(&report.removed)
            }
        } catch {
            report.failures.append("\(error)")
        }
        removed += report.removed
        for note in report.notes { Output.error("fairway: \(note)") }
        guard report.failures.isEmpty else {
            throw .failed(report.failures.map { "what kube-proxy left: \($0)" }.joined(separator: "\n"))
        }
    }

    static func removeEverything(stateDirectory: String, pinPath: String) throws {
        try DaemonLock.requireNone()
        // What was removed is told even when something else could not be.
        var removed: [String] = []
        defer { if !removed.isEmpty { Output.line(removed.map { "removed \($0)" }.joined(separator: "\n")) } }
        let modes = DataplaneModes(pinPath: pinPath).removeAll()
        removed += modes.removed
        if let failure = modes.failure { throw CommandFailure.failed("\(failure)") }
        do throws(LocalAddressError) {
            removed += try LocalAddresses.removeAll()
        } catch {
            throw CommandFailure.failed("\(error)")
        }
        do {
            let ports = try NodePortReservation(stateDirectory: stateDirectory)?.release() ?? PortSet()
            if !ports.isEmpty { removed.append("\(ports) from \(NodePortReservation.setting)") }
        } catch {
            throw CommandFailure.failed("\(error)")
        }
        try removeKubeProxy(&removed)
        if removed.isEmpty { Output.line("nothing to remove") }
    }
}
