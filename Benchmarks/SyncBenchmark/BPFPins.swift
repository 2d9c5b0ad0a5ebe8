import BPFDataplane
import BPFTesting

/// Where the ebpf mode of a measurement keeps its maps, and the cgroup whose sockets it would balance.
struct BPFPins {
    let pinPath: String
    let cgroup: String

    func dataplane() -> BPFDataplane {
        var settings = BPFSettings()
        (settings.pinPath, settings.cgroup) = (pinPath, cgroup)
        return BPFDataplane(settings)
    }

    /// Runs `body` with a bpf file system and a cgroup of its own, which are gone after it.
    static func withTemporary<T>(_ body: (BPFPins) throws -> T) throws -> T {
        let (pins, cgroup) = (try TemporaryPins(), try TestCgroup())
        return try withExtendedLifetime((pins, cgroup)) {
            try body(BPFPins(pinPath: "\(pins.path)/fairway", cgroup: cgroup.path))
        }
    }
}
