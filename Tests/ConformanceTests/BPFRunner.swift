import BPF
import BPFDataplane
import BPFTesting
import ConformanceTesting
import LinuxSystem
import Testing

/// As `SharedRunner`, over a `BPFDataplane` with pins and a cgroup of its own.
struct BPFRunner: SuiteTrait, TestScoping {
    /// Whether the processes of node-a and its pods are in that cgroup. Otherwise all that they send is seen by the
    /// packet programs alone.
    let balancesSockets: Bool

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let pins = try TemporaryPins()
        let cgroup = try TestCgroup()
        let (pinPath, cgroupPath) = ("\(pins.path)/fairway", cgroup.path)
        let sockets = SocketLevel {
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
            }, sockets: balancesSockets ? sockets : nil
        ) { runner in
            try await PacketRunner.$current.withValue(runner) { try await function() }
        }
        withExtendedLifetime((pins, cgroup)) {}
    }
}
