import BPF
import CBPFMaps
import Foundation
import NetworkNamespaceTesting
import NetworkTypes
import Testing

/// Packets near to valid ones into both programs. FAIRWAY_SOAK_PACKETS says how many, FAIRWAY_FUZZ_SEED which.
struct PacketFuzzTests {
    private static var packets: Int {
        ProcessInfo.processInfo.environment["FAIRWAY_SOAK_PACKETS"].flatMap { Int($0) } ?? 20_000
    }
    private static var seed: UInt64 {
        ProcessInfo.processInfo.environment["FAIRWAY_FUZZ_SEED"].flatMap { UInt64($0) } ?? .random(in: 0..<1_000_000)
    }

    @Test("Whatever comes, actions are known ones, what is rewritten is right, and the table stays whole")
    func fuzz() throws {
        let seed = Self.seed
        let packets = Self.packets
        print("packet fuzzing: seed \(seed), \(packets) packets")
        // Routes of its own: where a backend is decides how its connections are translated.
        let network = TestNetwork()
        defer { network.close() }
        let node = try network.addNamespace("node")
        let other = try network.addNamespace("other")
        try network.connect(node, "eth0", other, "eth0")
        try node.configure([
            "address add 192.0.2.1/24 dev eth0", "address add 2001:db8::1/64 dev eth0 nodad",
            "route add default via 192.0.2.254", "route add default via 2001:db8::fe",
        ])
        try node.setSysctl("net/ipv4/ip_forward", "1")
        try node.setSysctl("net/ipv6/conf/all/forwarding", "1")
        let faults = try node.insideBlocking { try Self.run(seed: seed, packets: packets) }
        #expect(faults == [], "seed \(seed)")
    }

    private static func run(seed: UInt64, packets: Int) throws -> [String] {
        let stage = try PacketStage()
        try setUp(stage)
        var fuzzer = PacketFuzzer(seed: seed)
        var faults: [String] = []
        var actions: [UInt32: Int] = [:]
        var rewritten = 0
        for number in 0..<packets where faults.count < 10 {
            let (frame, hook, isOwn) = fuzzer.next()
            let result: BPFTestResult
            // Less than an IP header: the kernel refuses to run it.
            do { result = try stage.run(hook, frame, isOwn: isOwn) } catch let error as BPFError where error.errno == 22 { continue }
            actions[result.returnValue, default: 0] += 1
            if result.packet != frame {
                rewritten += 1
                if let flow = PacketReading(frame: result.packet)?.flow { fuzzer.observe(flow) }
            }
            faults += check(frame, result).map { "packet \(number) (\(hook)): \($0)" }
            if number % 5_000 == 4_999 { faults += try TableAudit(stage).faults.prefix(5) }
        }
        let audit = try TableAudit(stage)
        print("packet fuzzing: actions \(actions), \(rewritten) rewritten, \(audit.connectionCount) connections,",
            "drops \(try stage.dropCounts())")
        return faults + audit.faults.prefix(5)
    }

    private static func check(_ frame: [UInt8], _ result: BPFTestResult) -> [String] {
        let known = [TrafficAction.unspecified, TrafficAction.ok, TrafficAction.shot, TrafficAction.redirect]
        guard known.contains(result.returnValue) else { return ["returned \(result.returnValue)"] }
        guard result.packet != frame, result.returnValue != TrafficAction.shot,
            let before = PacketReading(frame: frame), before.checksumFaults == []
        else { return [] }
        guard let after = PacketReading(frame: result.packet) else { return ["became \(result.packet), from \(frame)"] }
        let faults = after.checksumFaults
        return faults == [] ? [] : ["\(faults) in \(result.packet), from \(frame)"]
    }

    /// Ports: 80 has backends, 81 none, 82 is not there.
    private static func setUp(_ stage: borrowing PacketStage) throws {
        var service: UInt32 = 0
        for family in [IPFamily.ipv4, .ipv6] {
            for transport in PacketFuzzer.transports {
                service += 1
                let verdict: fw_action = transport == Transport.tcp ? FW_BALANCE_CLUSTER : FW_BALANCE_LOCAL
                try stage.addFrontend(
                    PacketFuzzer.frontend(family, port: 80), transport, service: service, verdict,
                    isMasqueraded: transport == Transport.tcp)
                try stage.addFrontend(PacketFuzzer.frontend(family, port: 81), transport, service: 99, FW_REJECT)
                try stage.addSet(service: service, backends: (0..<3).map { PacketFuzzer.backend(family, $0) })
            }
        }
    }
}
