import Glibc

/// Writes `ConntrackSettings` into the kernel. Nothing it fails at keeps a daemon from starting.
package struct ConntrackTuner: Sendable {
    package let sysctl: Sysctl
    /// The folder that stands for /sys/module/nf_conntrack/parameters.
    package let parameters: String

    package init(
        sysctl: Sysctl = Sysctl(), parameters: String = "/sys/module/nf_conntrack/parameters"
    ) {
        self.sysctl = sysctl
        self.parameters = parameters
    }

    /// What came of it.
    package struct Outcome: Sendable, Hashable {
        package var written: [ConntrackWrite] = []
        /// One line each, naming the file.
        package var warnings: [String] = []

        package init() {}
    }

    /// Reads what is set, and writes what differs. Blocks for some microseconds a setting; a larger
    /// hash table takes the kernel some milliseconds.
    package func apply(_ settings: ConntrackSettings, processors: Int) -> Outcome {
        var outcome = Outcome()
        var current: [ConntrackSetting: Int] = [:]
        for setting in settings.concerned {
            do throws(SysctlError) {
                current[setting] = try file(setting).readInteger()
            } catch {
                outcome.warnings.append("\(error)\(Self.advice(error))")
                // Without the module every one of them is missing: one line says so.
                if error.code == .missing, setting == .max { return outcome }
            }
        }
        var isTableRefused = false
        for write in settings.writes(processors: processors, current: current) {
            // More buckets serve nothing where the table cannot grow.
            if write.setting == .hashSize, isTableRefused { continue }
            do throws(SysctlError) {
                try file(write.setting).write(String(write.value))
                outcome.written.append(write)
            } catch {
                if write.setting == .max { isTableRefused = true }
                let held = current[write.setting].map { "; it stays at \($0), \(write.value) was wanted" } ?? ""
                outcome.warnings.append("\(error)\(held)")
            }
        }
        return outcome
    }

    private func file(_ setting: ConntrackSetting) throws(SysctlError) -> SettingFile {
        if setting == .hashSize {
            return SettingFile(name: "nf_conntrack's hashsize", path: "\(parameters)/hashsize")
        }
        let name = "net.netfilter.\(setting.rawValue)"
        return SettingFile(name: name, path: try sysctl.path(name))
    }

    private static func advice(_ error: SysctlError) -> String {
        error.code == .missing ? "; is the module nf_conntrack loaded?" : ""
    }
}

/// Processors that are online.
package func onlineProcessors() -> Int { max(sysconf(Int32(_SC_NPROCESSORS_ONLN)), 1) }
