import Testing

@testable import Observability

@Suite struct ListenAddressTests {
    @Test(arguments: [
        ("127.0.0.1:10249", ["127.0.0.1"], 10249), ("0.0.0.0:0", ["0.0.0.0"], 0), ("[::]:10256", ["::"], 10256),
        ("[2001:db8::1]:80", ["2001:db8::1"], 80), (":65535", ["::", "0.0.0.0"], 65535),
    ] as [(String, [String], UInt16)])
    func `an address is taken as Go takes it`(text: String, hosts: [String], port: UInt16) throws {
        let address = try #require(try ListenAddress.parse(text, flag: "--x"))
        #expect(address.hosts == hosts)
        #expect(address.port == port)
    }

    @Test func `empty turns the server off`() throws {
        #expect(try ListenAddress.parse("", flag: "--x") == nil)
        #expect(try ListenAddress.parse("", flag: "--x", defaultPort: 1) == nil)
    }

    @Test(arguments: ["0.0.0.0", "::", "::1"])
    func `an address alone takes the default port`(text: String) throws {
        #expect(try ListenAddress.parse(text, flag: "--x", defaultPort: 10256)?.port == 10256)
    }

    @Test(arguments: [
        ("127.0.0.1", "expected ADDR:PORT"), ("127.0.0.1:", "is no port"), ("127.0.0.1:65536", "is no port"),
        ("127.0.0.1:+80", "is no port"), ("localhost:80", "is no IP address"), ("::1:80", "in brackets"),
        ("[127.0.0.1]:80", "in brackets"), ("[::1:80", "is no IP address"), ("10.0.0.1:http", "is no port"),
    ])
    func `what is no address is refused with the flag and the reason`(text: String, reason: String) {
        let error = #expect(throws: ListenError.self) {
            try ListenAddress.parse(text, flag: "--metrics-bind-address")
        }
        #expect(error?.code == .invalidAddress)
        #expect(error?.description.hasPrefix("--metrics-bind-address \(text): ") == true)
        #expect(error?.description.contains(reason) == true)
    }
}
