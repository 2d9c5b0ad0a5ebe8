import BPF
import BPFDataplane
import BPFTesting
import ConformanceTesting
import LinuxSystem
import Testing

/// As `SharedRunner`, over a `BPFDataplane` with pins and a cgroup of its own.
struct BPFRunner: SuiteTrait, TestScoping {
    /// Whose processes are in that cgroup. What others send is seen by the packet programs alone.
    let inCgroup: @Sendable (Sender) -> Bool

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let pins = try TemporaryPins()
        let cgroup = try TestCgroup()
        let (pinPath, cgroupPath) = ("\(pins.path)/fairway", cgroup.path)
        let sockets = SocketLevel(of: inCgroup) {
            // 0: the thread that writes (cgroups(7), cgroup.threads).
            try attempting("enter cgroup \(cgroupPath)") { () throws(Errno) in
                try FileDescriptor(opening: "\(cgroupPath)/cgroup.threads", flags: 1).writeAll([UInt8(ascii: "0")])
            }
        }
        try await PacketRunner.with(
            {
                var settings = BPFSettings()
                settings.pinPath = pinPath
                settings.cgroup = cgroupPath
                return BPFDataplane(settings)
            }, forget: { dataplane in try dataplane.forgetConnections() }, sockets: sockets
        ) { runner in
            try await PacketRunner.$current.withValue(runner) { try await function() }
        }
        withExtendedLifetime((pins, cgroup)) {}
    }
}
