internal import ArgumentParser
internal import ManifestSource
internal import NodeConfiguration

/// Validates manifests and a configuration as `run` would read them.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Validates manifests and a configuration: path:line:column: what is wrong; exit 1.")

    @Argument(help: "Folders or files of manifests, beside those of --manifests.")
    var paths: [String] = []

    @Option(help: "A folder or file of manifests, YAML or JSON; repeatable.")
    var manifests: [String] = []

    @Option(help: "Ranges of ClusterIPs, a comma-separated list of CIDRs, at most one of each family.")
    var serviceClusterIpRange = "10.96.0.0/12,fd00:10:96::/112"

    @Option(help: "A FairwayConfiguration or a KubeProxyConfiguration; a field that nobody knows is a fault here.")
    var config: String?

    func run() async throws {
        let all = manifests + paths
        if let config {
            try checkConfiguration(config)
            if all.isEmpty { return }
        }
        guard !all.isEmpty else { throw CommandFailure.usage("nothing to check: name a folder or file of manifests") }
        var options = ServiceOptions()
        options.serviceClusterIpRange = serviceClusterIpRange
        // Addresses are given out in memory only: a check changes nothing.
        let settings = AllocationSettings(clusterRanges: try options.serviceRanges(), stateDirectory: "")
        let batch = ManifestSource(paths: all, allocation: settings).loadOnce()
        for warning in batch.warnings { Output.error("fairway: \(warning)") }
        for fault in batch.faults.sorted() { Output.line("\(fault)") }
        let skipped = batch.skippedKinds.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
        let passedOver = skipped.isEmpty ? "" : "; not used by Fairway: \(skipped.joined(separator: ", "))"
        let objects = Self.counted(batch.objectCount, "object")
        let summary = "\(objects) in \(Self.counted(batch.fileCount, "file"))\(passedOver)"
        guard batch.faults.isEmpty else {
            throw CommandFailure.failed("\(Self.counted(batch.faults.count, "fault")); \(summary)")
        }
        Output.line("no faults: \(summary)")
    }

    private func checkConfiguration(_ path: String) throws(CommandFailure) {
        var faults: [String] = []
        do throws(CommandFailure) {
            let plan = try RunPlan(rereading: FlagList(["--config=\(path)"]))
            let stray = plan.file?.document.strayFaults ?? []
            faults += stray.map(\.description)
            for warning in plan.warnings where stray.isEmpty || warning != plan.file?.document.strayWarning {
                Output.error("fairway: \(warning)")
            }
            do throws(CommandFailure) {
                _ = try plan.command.daemonConfiguration(needsSource: false)
            } catch {
                throw plan.located(error)
            }
        } catch {
            faults += error.message.split(separator: "\n").map(String.init)
        }
        for fault in faults { Output.line(fault) }
        guard faults.isEmpty else { throw .failed("\(Self.counted(faults.count, "fault")) in \(path)") }
        Output.line("no faults: \(path)")
    }

    private static func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
}
