import NetworkTypes
import Testing

@Suite struct PortAndProtocolTests {
    @Test("takes 1 to 65535", arguments: [(1, true), (80, true), (65535, true), (0, false), (65536, false), (-1, false)])
    func ports(value: Int, valid: Bool) {
        #expect((PortNumber(value) != nil) == valid)
    }

    @Test(
        "protocol names are exact",
        arguments: [
            ("TCP", TransportProtocol.tcp), ("UDP", .udp), ("SCTP", .sctp), ("tcp", nil), ("Tcp", nil), ("", nil),
            ("ICMP", nil),
        ])
    func protocols(name: String, expected: TransportProtocol?) {
        #expect(TransportProtocol(kubernetesName: name) == expected)
        if let expected { #expect(expected.kubernetesName == name) }
    }

    @Test("raw values are IP protocol numbers")
    func numbers() {
        #expect(TransportProtocol.allCases.map(\.rawValue) == [6, 17, 132])
    }
}
