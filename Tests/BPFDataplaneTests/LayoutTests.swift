import BPFDataplane
import CBPFMaps
import DataplaneTesting
import NetworkTypes
import ServiceTable
import Testing

/// What the kernel's programs will read, byte by byte. Golden on little-endian machines, which all that Linux's
/// BPF is compiled for here are.
@Suite struct LayoutTests {
    static func bytes<Value>(_ value: Value) -> String {
        // SAFETY: the bytes are of the argument's copy and are read while it is held.
        let bytes = unsafe withUnsafeBytes(of: value) { unsafe Array($0) }
        var text = ""
        for (index, byte) in bytes.enumerated() {
            if index > 0 && index % 4 == 0 { text += " " }
            text += (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        return text
    }

    static func key(_ destination: Frontend.Destination, _ family: IPFamily, _ transport: TransportProtocol, _ port: PortNumber) -> FrontendKey {
        FrontendKey(family: family, destination: destination, protocol: transport, port: port)
    }

    @Test("keys of frontends", arguments: [
        (key(.address(.text("10.96.0.10")), .ipv4, .udp, 53), "00000000 00000000 0000ffff 0a60000a 00351100"),
        (key(.address(.text("fd00::1:2")), .ipv6, .tcp, 8080), "fd000000 00000000 00000000 00010002 1f900600"),
        (key(.nodeAddresses, .ipv4, .sctp, 30080), "00000000 00000000 0000ffff 00000000 75808400"),
        (key(.nodeAddresses, .ipv6, .tcp, 30080), "00000000 00000000 00000000 00000000 75800600"),
    ])
    func frontendKeys(_ key: FrontendKey, _ expected: String) {
        let encoded = fw_frontend_key(key)
        #expect(Self.bytes(encoded) == expected)
        #expect(FrontendKey(encoded) == key)
    }

    @Test("keys that no Service has are none")
    func strangeKeys() {
        var key = fw_frontend_key(Self.key(.nodeAddresses, .ipv4, .tcp, 80))
        key.protocol = 1
        #expect(FrontendKey(key) == nil)
        key.protocol = 6
        key.port = 0
        #expect(FrontendKey(key) == nil)
        #expect(BPFSetKey(fw_set_key(service: 1, scope: 2)) == nil)
        #expect(IPPrefix(fw_prefix(length: 95, address: fw_address(.text("10.0.0.0")))) == nil)
        #expect(IPPrefix(fw_prefix(length: 129, address: fw_address(.text("fd00::")))) == nil)
        #expect(BPFSourceKey(fw_source_key(length: 31, sources: 0, address: fw_address(.text("fd00::")))) == nil)
        let backend = fw_backend(address: fw_address(.text("10.0.0.1")), port: 0, weight: 1, flags: 0, service: 1)
        #expect(BPFBackend(backend) == nil)
    }

    @Test("frontends, sets, slots and backends")
    func values() {
        let frontend = BPFFrontend(
            service: 7, sources: 0x0102, pod: .balance(.cluster, masquerade: true),
            node: .balance(.local, masquerade: false), outside: .drop)
        #expect(Self.bytes(fw_frontend(frontend)) == "07000000 02010000 83040200")
        #expect(BPFFrontend(fw_frontend(frontend)) == frontend)

        let setKey = BPFSetKey(service: 7, scope: .local)
        #expect(Self.bytes(fw_set_key(setKey)) == "07000000 01000000")
        #expect(BPFSetKey(fw_set_key(setKey)) == setKey)

        let set = BPFBackendSet(
            table: 3, slotCount: 809, affinitySeconds: 10800, affinityOwner: 9, scheduler: BPFScheduler(.maglev))
        #expect(Self.bytes(fw_backend_set(set)) == "03000000 29030000 302a0000 09000000 04000000")
        #expect(BPFBackendSet(fw_backend_set(set)) == set)

        let slot = BPFSlotKey(table: 3, index: 808)
        #expect(Self.bytes(fw_slot_key(slot)) == "03000000 28030000")
        #expect(BPFSlotKey(fw_slot_key(slot)) == slot)

        let backend = BPFBackend(
            address: .text("10.244.0.1"), port: 8080, weight: 5, flags: [.local, .notInClusterSet], service: 7)
        #expect(Self.bytes(fw_backend(backend)) == "00000000 00000000 0000ffff 0af40001 1f900500 05000000 07000000")
        #expect(BPFBackend(fw_backend(backend)) == backend)

        let sibling = BPFSiblingKey(service: 7, address: .text("fd00::1"))
        #expect(Self.bytes(fw_sibling_key(sibling)) == "07000000 fd000000 00000000 00000000 00000001")
        #expect(BPFSiblingKey(fw_sibling_key(sibling)) == sibling)
    }

    @Test("prefixes: IPv4 has 96 bits more, sources 32 more before the address")
    func prefixes() throws {
        let v4 = try #require(IPPrefix("10.244.0.0/16"))
        #expect(Self.bytes(fw_prefix(v4)) == "70000000 00000000 00000000 0000ffff 0af40000")
        #expect(IPPrefix(fw_prefix(v4)) == v4)
        let v6 = try #require(IPPrefix("fd00::/64"))
        #expect(Self.bytes(fw_prefix(v6)) == "40000000 fd000000 00000000 00000000 00000000")
        #expect(IPPrefix(fw_prefix(v6)) == v6)
        let all = try #require(IPPrefix("0.0.0.0/0"))
        #expect(IPPrefix(fw_prefix(all)) == all)
        let source = BPFSourceKey(sources: 0x0102, prefix: v4)
        #expect(Self.bytes(fw_source_key(source)) == "90000000 00000102 00000000 00000000 0000ffff 0af40000")
        #expect(BPFSourceKey(fw_source_key(source)) == source)
    }

    @Test("verdicts there and back", arguments: [
        Verdict.reject, .drop, .balance(.cluster, masquerade: false), .balance(.cluster, masquerade: true),
        .balance(.local, masquerade: false), .balance(.local, masquerade: true),
    ])
    func verdicts(_ verdict: Verdict) {
        #expect(BPFVerdict(verdict).verdict == verdict)
        #expect(BPFVerdict(rawValue: 0).verdict == nil)
    }

    @Test("every scheduler has a name in the kernel; rr and wrr differ by their slots only")
    func schedulers() {
        let names = Scheduler.allCases.map { BPFScheduler($0).rawValue }
        #expect(Set(names).count == Scheduler.allCases.count - 1)
        #expect(BPFScheduler(.roundRobin) == BPFScheduler(.weightedRoundRobin))
    }
}
