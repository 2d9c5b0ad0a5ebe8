import NetworkTypes
import Testing

@Suite struct IPAddressTests {
    @Test(
        "prints the canonical text of RFC 5952",
        arguments: [
            ("10.0.0.1", "10.0.0.1"),
            ("0.0.0.0", "0.0.0.0"),
            ("255.255.255.255", "255.255.255.255"),
            ("::", "::"),
            ("::1", "::1"),
            ("1::", "1::"),
            ("0:0:0:0:0:0:0:1", "::1"),
            // 4.1: no leading zeros; 4.3: lower case.
            ("2001:0DB8::0001", "2001:db8::1"),
            // 4.2.1: as short as possible; 4.2.2: one zero group is not shortened.
            ("2001:db8:0:0:0:0:2:1", "2001:db8::2:1"),
            ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
            ("2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
            // 4.2.3: the longest run, and of equal ones the first.
            ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
            ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
            ("1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"),
            ("0:0:3:4:5:6:7:8", "::3:4:5:6:7:8"),
            ("::ffff:10.1.2.3", "::ffff:10.1.2.3"),
            ("::FFFF:0a01:0203", "::ffff:10.1.2.3"),
            ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
            ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"),
            ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ])
    func canonicalText(text: String, expected: String) throws {
        let address = try #require(IPAddress(text))
        #expect(address.description == expected)
        #expect(IPAddress(expected) == address)
    }

    @Test(
        "refuses what is no address",
        arguments: [
            "", " ", "1", "1.2.3", "1.2.3.4.5", "1.2.3.4.", ".1.2.3.4", "1..2.3", "256.1.1.1", "1.2.3.999",
            "01.2.3.4", "1.2.3.04", "00.0.0.0", "0x1.2.3.4", "1.2.3.4 ", " 1.2.3.4", "1.2.3.-4", "+1.2.3.4",
            "1.2.3.4/24", "1.2.3.4:80", "a.b.c.d", ":", ":::", "::1::", "1::2::3", "1:2:3:4:5:6:7", ":1",
            "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "1:", "1:2:3:4:5:6:7:", ":1:2:3:4:5:6:7:8",
            "12345::", "g::", "fe80::1%eth0", "[::1]", "::1.2.3", "::1.2.3.4.5", "::01.2.3.4", "1.2.3.4::",
            "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3.4:5", "١.2.3.4", "::1 ", "0000000000000000000000000000000000000000000001",
        ])
    func refused(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test("text and network bytes give back the address, for random addresses of both families")
    func roundTrip() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            // Masks make runs of zero groups likely.
            let mask = UInt128.random(in: 0 ... .max, using: &random) & UInt128.random(in: 0 ... .max, using: &random)
            let groups: UInt128 = (0..<8).reduce(0) { $0 << 16 | (mask >> UInt128($1) & 1 == 1 ? 0xFFFF : 0) }
            let v6 = IPAddress(bits: .random(in: 0 ... .max, using: &random) & groups, family: .ipv6)
            let v4 = IPAddress(v4: .random(in: 0 ... .max, using: &random))
            for address in [v4, v6] {
                #expect(IPAddress(address.description) == address, "\(address) of \(address.bits)")
                #expect(IPAddress(networkBytes: address.networkBytes) == address, "\(address)")
            }
        }
    }

    @Test("network bytes come in fours and sixteens only", arguments: [0, 1, 3, 5, 15, 17])
    func byteCounts(count: Int) {
        #expect(IPAddress(networkBytes: [UInt8](repeating: 1, count: count)) == nil)
    }

    @Test("an IPv4 address is kept apart from the same bits as IPv6")
    func familiesDiffer() {
        #expect(IPAddress("0.0.0.1") != IPAddress("::1"))
        #expect(IPAddress("::ffff:1.2.3.4")?.family == .ipv6)
        #expect(IPAddress("1.2.3.4")?.v4 == 0x0102_0304)
        #expect(IPAddress("::1")?.v4 == nil)
    }

    struct Scope: Sendable {
        var text: String
        var unspecified = false
        var loopback = false
        var linkLocal = false
        var multicast = false
    }

    @Test(
        "tells special addresses",
        arguments: [
            Scope(text: "0.0.0.0", unspecified: true), Scope(text: "::", unspecified: true), Scope(text: "0.0.0.1"),
            Scope(text: "127.0.0.1", loopback: true), Scope(text: "127.255.0.1", loopback: true),
            Scope(text: "126.255.255.255"), Scope(text: "128.0.0.0"), Scope(text: "::1", loopback: true),
            Scope(text: "::2"), Scope(text: "169.254.0.0", linkLocal: true), Scope(text: "169.255.0.0"),
            Scope(text: "fe80::1", linkLocal: true), Scope(text: "febf::1", linkLocal: true), Scope(text: "fec0::1"),
            Scope(text: "224.0.0.1", multicast: true), Scope(text: "239.255.255.255", multicast: true),
            Scope(text: "240.0.0.0"), Scope(text: "ff02::1", multicast: true), Scope(text: "fe00::1"),
        ])
    func scopes(scope: Scope) throws {
        let address = try #require(IPAddress(scope.text))
        #expect(address.isUnspecified == scope.unspecified)
        #expect(address.isLoopback == scope.loopback)
        #expect(address.isLinkLocal == scope.linkLocal)
        #expect(address.isMulticast == scope.multicast)
    }

    @Test("sorts IPv4 before IPv6, then by value")
    func order() {
        let sorted = ["10.0.0.2", "::1", "9.255.0.0", "fd00::", "10.0.0.10"].compactMap { IPAddress($0) }.sorted()
        #expect(sorted.map(\.description) == ["9.255.0.0", "10.0.0.2", "10.0.0.10", "::1", "fd00::"])
    }
}
