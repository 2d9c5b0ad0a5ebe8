import LinuxSystem
import Testing

@testable import Relay

@Suite struct ProxyHeaderTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let client: String
        let destination: String
        let v1: String
        /// Hexadecimal, of everything behind the signature.
        let v2: String

        var testDescription: String { "\(client) to \(destination)" }
    }

    static let rows = [
        Row(
            client: "192.0.2.7:56324", destination: "10.96.0.10:443",
            v1: "PROXY TCP4 192.0.2.7 10.96.0.10 56324 443\r\n", v2: "2111000cc00002070a60000adc0401bb"),
        Row(
            client: "255.255.255.255:65535", destination: "255.255.255.255:65535",
            v1: "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", v2: "2111000cffffffffffffffffffffffff"),
        Row(
            client: "[2001:db8::7]:1", destination: "[fd00:10:96::a]:80",
            v1: "PROXY TCP6 2001:db8::7 fd00:10:96::a 1 80\r\n",
            v2: "2121002420010db8000000000000000000000007fd00001000960000000000000000000a00010050"),
        Row(
            client: "192.0.2.7:56324", destination: "[::1]:80", v1: "PROXY UNKNOWN\r\n", v2: "21000000"),
    ]

    @Test("the header is what the specification says", arguments: rows) func golden(_ row: Row) throws {
        let client = try #require(SocketAddress(row.client))
        let destination = try #require(SocketAddress(row.destination))
        let v1 = ProxyHeader.bytes(.v1, from: client, to: destination)
        #expect(String(decoding: v1, as: UTF8.self) == row.v1)
        // The longest that version 1 allows.
        #expect(v1.count <= 107)
        let v2 = ProxyHeader.bytes(.v2, from: client, to: destination)
        #expect(hexadecimal(v2) == "0d0a0d0a000d0a515549540a" + row.v2)
    }

    @Test("a backend gets the header before the client's first byte", arguments: ProxyProtocol.allCases)
    func header(_ version: ProxyProtocol) async throws {
        try await DedicatedThread.run(named: "test") {
            let backend = try TestBackend()
            var options = RelayService.Options()
            options.proxyProtocol = version
            let relay = try TestRelay(to: [backend.address], options: options)
            let client = try TestStream(to: relay.address)
            let (stream, _) = try backend.accept()
            let request = try #require(relay.directory.requests.first)
            let expected = ProxyHeader.bytes(version, from: request.client, to: relay.address)
            // It comes though the client is silent.
            let header = try stream.read(exactly: expected.count)
            #expect(header == expected)
            try client.write("hello")
            let hello = try stream.read(exactly: 5)
            #expect(hello == Array("hello".utf8))
        }
    }

    private func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}
