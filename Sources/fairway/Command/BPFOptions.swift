internal import ArgumentParser
internal import BPFDataplane

/// Options of `--proxy-mode ebpf`.
struct BPFOptions: ParsableArguments {
    @Option(help: "The cgroup (v2) whose processes' connections are balanced at connect(), a folder (default: the root).")
    var ebpfCgroup: String?

    @OptionGroup var pins: PinOptions

    @Option(
        help: """
            Interfaces whose packets are translated, a comma-separated list of names and beginnings such as veth* \
            (default: every interface but loopback).
            """)
    var ebpfInterfaces: String?

    @Option(
        parsing: .unconditional,
        help: """
            Connections that packets may have at a time; a table that is pinned already keeps its size. Near the limit \
            the longest idle ones are given up.
            """)
    var ebpfMaxConnections = BPFSettings.TableLimits().connections

    @Option(parsing: .unconditional, help: "Balanced sockets that are remembered at a time, sized likewise; more are served and not counted.")
    var ebpfMaxSockets = BPFSettings.TableLimits().sockets

    /// The options as values, or one line that says which is wrong.
    func settings(closesStaleConnections: Bool) throws(CommandFailure) -> BPFSettings {
        var settings = BPFSettings()
        if let ebpfCgroup {
            guard ebpfCgroup.hasPrefix("/") else {
                throw .usage("--ebpf-cgroup \"\(ebpfCgroup)\": expected the whole path of a folder, as /sys/fs/cgroup/kubepods")
            }
            settings.cgroup = ebpfCgroup
        }
        settings.pinPath = try pins.path()
        if let ebpfInterfaces {
            guard let choice = InterfaceChoice(ebpfInterfaces) else {
                throw .usage("--ebpf-interfaces \"\(ebpfInterfaces)\": expected names of interfaces, as eth0,veth*")
            }
            settings.interfaces = choice
        }
        settings.closesStaleConnections = closesStaleConnections
        settings.tableLimits.connections = try Self.limit(ebpfMaxConnections, "--ebpf-max-connections")
        settings.tableLimits.sockets = try Self.limit(ebpfMaxSockets, "--ebpf-max-sockets")
        return settings
    }

    private static func limit(_ value: Int, _ flag: String) throws(CommandFailure) -> Int {
        let allowed = BPFSettings.TableLimits.allowed
        guard allowed.contains(value) else {
            throw .usage("\(flag) \(value): expected \(allowed.lowerBound) to \(allowed.upperBound)")
        }
        return value
    }
}

/// Where the ebpf mode keeps what outlives the daemon; also an option of `cleanup`.
struct PinOptions: ParsableArguments {
    @Option(help: "Folder in a bpf file system where the ebpf mode's maps and programs are pinned.")
    var ebpfPinPath = BPFSettings.defaultPinPath

    func path() throws(CommandFailure) -> String {
        guard ebpfPinPath.hasPrefix("/"), ebpfPinPath.last != "/", !ebpfPinPath.contains("/../") else {
            throw .usage("--ebpf-pin-path \"\(ebpfPinPath)\": expected the whole path of a folder, as \(BPFSettings.defaultPinPath)")
        }
        return ebpfPinPath
    }
}
