import NetworkTypes
import Testing

@Suite struct IPPrefixTests {
    @Test(
        "parses and clears host bits",
        arguments: [
            ("10.0.0.0/8", "10.0.0.0/8", "10.255.255.255"), ("10.1.2.3/8", "10.0.0.0/8", "10.255.255.255"),
            ("1.2.3.4/0", "0.0.0.0/0", "255.255.255.255"), ("1.2.3.4/32", "1.2.3.4/32", "1.2.3.4"),
            ("1.2.3.255/31", "1.2.3.254/31", "1.2.3.255"), ("fd00::1/64", "fd00::/64", "fd00::ffff:ffff:ffff:ffff"),
            ("::1/128", "::1/128", "::1"), ("ff::1/0", "::/0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("2001:db8::ffff/127", "2001:db8::fffe/127", "2001:db8::ffff"),
        ])
    func parse(text: String, expected: String, last: String) throws {
        let prefix = try #require(IPPrefix(text))
        #expect(prefix.description == expected)
        #expect(prefix.lastAddress.description == last)
        #expect(IPPrefix(expected) == prefix)
    }

    @Test(
        "refuses what is no prefix",
        arguments: [
            "", "/", "10.0.0.0", "10.0.0.0/", "/8", "10.0.0.0/33", "::/129", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/08",
            "10.0.0.0/8 ", "10.0.0/8", "10.0.0.0/8/8", "10.0.0.0/255.0.0.0", "::/999999999999999999999", "10.0.0.0/٨",
        ])
    func refused(text: String) {
        #expect(IPPrefix(text) == nil)
    }

    @Test(
        "contains its addresses and no others",
        arguments: [
            ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.0", false), ("10.0.0.0/8", "9.255.255.255", false),
            ("0.0.0.0/0", "255.255.255.255", true), ("0.0.0.0/0", "::1", false), ("::/0", "1.2.3.4", false),
            ("::/0", "ffff::", true), ("fd00::/8", "fdff::1", true), ("fd00::/8", "fe00::", false),
            ("1.2.3.4/32", "1.2.3.4", true), ("1.2.3.4/32", "1.2.3.5", false),
        ])
    func contains(prefix: String, address: String, expected: Bool) throws {
        let block = try #require(IPPrefix(prefix))
        let inside = block.contains(try #require(IPAddress(address)))
        #expect(inside == expected)
    }

    @Test(
        "overlaps when one holds the other",
        arguments: [
            ("10.0.0.0/8", "10.1.0.0/16", true), ("10.0.0.0/16", "10.1.0.0/16", false),
            ("10.0.0.0/8", "10.0.0.0/8", true), ("0.0.0.0/0", "10.0.0.0/8", true), ("0.0.0.0/0", "::/0", false),
            ("fd00::/64", "fd00:0:0:1::/64", false), ("fd00::/48", "fd00:0:0:1::/64", true),
        ])
    func overlaps(a: String, b: String, expected: Bool) throws {
        let (a, b) = (try #require(IPPrefix(a)), try #require(IPPrefix(b)))
        #expect(a.overlaps(b) == expected)
        #expect(b.overlaps(a) == expected)
    }

    @Test("a length must fit the family")
    func lengths() throws {
        let v4 = try #require(IPAddress("10.0.0.1"))
        #expect(IPPrefix(v4, length: 33) == nil)
        #expect(IPPrefix(v4, length: -1) == nil)
        #expect(IPPrefix(v4).length == 32)
    }
}
