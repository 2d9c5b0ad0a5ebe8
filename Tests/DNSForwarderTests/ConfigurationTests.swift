import DNSWire
import NetworkTypes
import Testing

@testable import DNSForwarder

@Suite struct ConfigurationTests {
    @Test(arguments: [
        ("10.0.0.1", "10.0.0.1:53"), ("10.0.0.1:5353", "10.0.0.1:5353"), ("fd00::1", "[fd00::1]:53"),
        ("[fd00::1]", "[fd00::1]:53"), ("[fd00::1]:54", "[fd00::1]:54"), ("fe80::1%eth0", "[fe80::1%eth0]:53"),
        ("[fe80::1%2]:5300", "[fe80::1%2]:5300"), ("tls://1.1.1.1", "tls://1.1.1.1:853"),
        ("tls://1.1.1.1#one.one.one.one", "tls://1.1.1.1:853#one.one.one.one"),
        ("TLS://[2606:4700::1111]:8853#dns.example.net", "tls://[2606:4700::1111]:8853#dns.example.net"),
        ("tls://fd00::1#a-b.example", "tls://[fd00::1]:853#a-b.example"),
    ])
    func `an upstream is read, and printed as it is read`(text: String, printed: String) throws {
        let upstream = try UpstreamAddress(text)
        #expect(upstream.description == printed)
        #expect(try UpstreamAddress(printed) == upstream)
    }

    @Test(arguments: [
        ("", "there is no address"), ("dns.example.net", "no IP address"), ("10.0.0.1:", "no port"),
        ("10.0.0.1:0", "no port"), ("10.0.0.1:65536", "no port"), ("10.0.0.1:+53", "no port"), ("[fd00::1", "not closed"),
        ("[fd00::1]53", "follows the bracket"), ("0.0.0.0", "no address of a server"), ("224.0.0.251", "no address of a"),
        ("10.0.0.1%eth0", "only an IPv6"), ("fe80::1%", "only an IPv6"), ("https://1.1.1.1", "https://is not known"),
        ("1.1.1.1#name", "belongs to TLS"), ("tls://1.1.1.1#", "no host name"), ("tls://1.1.1.1#a b", "no host name"),
        ("tls://1.1.1.1#1.1.1.1", "no host name"), ("tls://#name", "there is no address"), ("010.0.0.1", "no IP address"),
    ])
    func `what is no upstream is refused with what to write`(text: String, cause: String) {
        let error = #expect(throws: UpstreamSyntaxError.self) { try UpstreamAddress(text) }
        #expect(error?.description.contains(cause) == true, "\(error?.description ?? "")")
        #expect(error?.description.hasPrefix("\"\(text)\": ") == true)
    }

    @Test func `a stub domain has one or several upstreams`() throws {
        let one = try StubDomain("acme.local=10.0.0.5")
        let two = try StubDomain("ACME.local.=10.0.0.6:54,tls://10.0.0.7,10.0.0.5")
        #expect(two.upstreams.map(\.description) == ["10.0.0.6:54", "tls://10.0.0.7:853", "10.0.0.5:53"])
        let merged = StubDomain.merged([one, try StubDomain("b.=10.0.0.1"), two])
        #expect(merged.map(\.upstreams.count) == [3, 1])
    }

    @Test(arguments: ["acme.local", "=10.0.0.1", "a..b=10.0.0.1", "acme.local=", "acme.local=10.0.0.1,", "a=b"])
    func `what is no stub domain is refused`(text: String) {
        #expect(throws: UpstreamSyntaxError.self) { try StubDomain(text) }
    }

    @Test(arguments: [
        ("nameserver 10.0.0.1\nnameserver 10.0.0.2\n", ["10.0.0.1:53", "10.0.0.2:53"]),
        ("# nameserver 1.1.1.1\n; nameserver 1.1.1.1\nnameserver\t10.0.0.1  # trailing\n", ["10.0.0.1:53"]),
        ("search a b\noptions ndots:5\ndomain c\nsortlist x\nnonsense\nnameserver fe80::1%eth0", ["[fe80::1%eth0]:53"]),
        ("nameserver 10.0.0.1\r\nnameserver 10.0.0.1\r\n", ["10.0.0.1:53"]),
        ("nameserver [fd00::1]:5353\nnameserver 10.0.0.1:54", ["[fd00::1]:5353", "10.0.0.1:54"]),
        ("", ["127.0.0.1:53"]), ("search example.com\n", ["127.0.0.1:53"]),
        ("nameservers 10.0.0.1\n nameserver 10.0.0.2", ["10.0.0.2:53"]),
    ])
    func `resolv.conf gives its nameservers`(text: String, expected: [String]) throws {
        let file = try ResolvConf(text, path: "/etc/resolv.conf")
        #expect(file.nameservers.map(\.description) == expected)
        #expect(file.warnings.isEmpty)
    }

    @Test(arguments: [
        ("search a\nnameserver\n", "resolv.conf:2: write nameserver ADDRESS"),
        ("nameserver # none", "resolv.conf:1: write"), ("\n\nnameserver dns.example\n", "resolv.conf:3: \"dns.example\""),
    ])
    func `a nameserver without an address is named by file and line`(text: String, message: String) {
        let error = #expect(throws: ResolvConfError.self) { try ResolvConf(text, path: "resolv.conf") }
        #expect(error?.description.hasPrefix(message) == true, "\(error?.description ?? "")")
    }

    @Test func `nameservers beyond the limit are left out with a warning`() throws {
        let text = (1...20).map { "nameserver 10.0.0.\($0)\n" }.joined()
        let file = try ResolvConf(text, path: "r")
        #expect(file.nameservers.count == ResolvConf.nameserverLimit)
        #expect(file.warnings.count == 5)
        #expect(file.warnings.first?.hasPrefix("r:16: 10.0.0.16:53") == true)
    }

    @Test(arguments: [
        ("127.0.0.53", "127.0.0.53", 53, [], true), ("127.0.0.53", "127.0.0.1", 53, [], false),
        ("127.0.0.1", "127.0.0.1", 5300, [], false), ("127.0.0.53", "0.0.0.0", 53, [], true),
        ("10.0.0.1", "0.0.0.0", 53, [], false), ("10.0.0.1", "0.0.0.0", 53, ["10.0.0.1"], true),
        ("10.0.0.1", "::", 53, ["10.0.0.1"], true), ("::1", "0.0.0.0", 53, [], false), ("::1", "::", 53, [], true),
        ("tls://127.0.0.1", "0.0.0.0", 53, [], false),
    ] as [(String, String, Int, [String], Bool)])
    func `an upstream that is this server is left out with a warning`(
        upstream: String, listening: String, port: Int, local: [String], isOwn: Bool
    ) throws {
        var configuration = ForwarderConfiguration(
            upstreams: [try UpstreamAddress(upstream), try UpstreamAddress("192.0.2.1")],
            stubDomains: [StubDomain(domain: .root, upstreams: [try UpstreamAddress(upstream)])])
        let address = try #require(IPAddress(listening))
        configuration.listeningAddresses = [.init(address, port: try #require(PortNumber(port)))]
        configuration.localAddresses = local.compactMap { IPAddress($0) }
        let warnings = configuration.removeOwnAddresses()
        #expect(configuration.upstreams.count == (isOwn ? 1 : 2))
        #expect(configuration.stubDomains.map(\.upstreams.count) == [isOwn ? 0 : 1])
        #expect(warnings.count == (isOwn ? 2 : 0))
        #expect(warnings.allSatisfy { $0.contains(upstream) && $0.contains("is this server itself") })
    }
}
