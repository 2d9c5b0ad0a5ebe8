internal import FoundationEssentials
internal import NodeConfiguration

extension RunPlan {
    /// Writes what is in force, so that reading it brings the same.
    ///
    /// The file's own kind where it says everything; kube-proxy's where it can.
    func writeConfiguration(to path: String) throws(CommandFailure) {
        // A wrong value is not written.
        _ = try command.daemonConfiguration(needsSource: false)
        do {
            try Data(configurationInForce.yaml.utf8).write(to: URL(filePath: path))
        } catch {
            throw .failed("--write-config-to \(path): cannot be written: \(error)")
        }
    }

    private var configurationInForce: ConfigurationDocument {
        guard let file else { return ConfigurationDocument(flags) }
        var document = file.document
        let beside = flags.items.compactMap(\.flag).filter { flag in
            flag.role != .act && !RunFlag.loggingNames.contains(flag.name) && flag.name != "hostname-override"
                && file.options.field(ofFlag: flag.name) == nil
        }
        guard beside.isEmpty else { return ConfigurationDocument(flags) }
        if let name = flags.value(of: "hostname-override") {
            document.set("hostnameOverride", to: .text(name))
        }
        if let level = flags.value(of: "verbosity").flatMap(Int.init) {
            document.set(document.isKubeProxy ? "logging.verbosity" : "verbosity", to: .integer(level))
        }
        return document
    }
}
