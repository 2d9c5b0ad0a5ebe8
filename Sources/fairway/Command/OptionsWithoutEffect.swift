internal import UserspaceDataplane

/// Options of `run` that some modes do nothing with: they are warned of, not refused, so that a change of the mode is a change
/// of one flag.
enum OptionsWithoutEffect {
    /// Flags, and whether a daemon does something with them. `--ebpf-pin-path` is missing: what is there is removed in every mode.
    private static let table: [(flags: [String], isUsed: @Sendable (Daemon.Configuration) -> Bool)] = [
        (["--ebpf-cgroup", "--ebpf-interfaces", "--ebpf-max-connections", "--ebpf-max-sockets"], { $0.mode == .ebpf }),
        (["--userspace-bind"], { $0.mode == .userspace }),
        // NodePorts at loopback addresses have a relay in every mode.
        (["--userspace-drain-timeout", "--userspace-rest-after-failures"], { $0.hasRelay }),
        // The relay's own connections begin at the node, and end with its own means.
        (["--masquerade-all", "--close-stale-connections"], { $0.mode != .userspace }),
        (
            [
                "--conntrack-max-per-core", "--conntrack-min", "--conntrack-tcp-timeout-established",
                "--conntrack-tcp-timeout-close-wait", "--conntrack-tcp-be-liberal", "--conntrack-udp-timeout",
                "--conntrack-udp-timeout-stream",
            ], { $0.standsOnConntrack }
        ),
    ]

    /// Those that were given, in the order of the table.
    static func flags(of arguments: [String], _ configuration: Daemon.Configuration) -> [String] {
        let given = Set(arguments.compactMap { $0.split(separator: "=", maxSplits: 1).first.map { String($0) } })
        return table.filter { !$0.isUsed(configuration) }.flatMap(\.flags).filter(given.contains)
    }
}

extension Daemon.Configuration {
    /// What chose the way that Services are carried.
    var modeFlags: String {
        "--proxy-mode \(mode.name)" + (mode == .userspace ? " --userspace-bind \(userspace.settings.binding.rawValue)" : "")
    }
}
