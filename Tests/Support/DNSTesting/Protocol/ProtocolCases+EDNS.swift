internal import DNSWire

extension ProtocolCases {
    /// RFC 6891: OPT is answered with OPT, and only then.
    static var edns: [ProtocolCase] { plain + versions + options + cookies }

    private static func asking(_ edns: EDNS) -> [UInt8] { good.with { $0.edns = edns }.bytes }

    private static func found(edns: Bool, dnssecOK: Bool = false) -> ProtocolCase.Outcome {
        .response(
            .init(.noError, isAuthoritative: true, echoesQuestion: true, hasEDNS: edns, dnssecOK: dnssecOK, answerCount: 1))
    }

    private static var plain: [ProtocolCase] {
        [
            ProtocolCase("without OPT there is none in the answer", good.bytes, found(edns: false)),
            ProtocolCase("DO comes back", asking(EDNS(dnssecOK: true)), found(edns: true, dnssecOK: true)),
        ] + [0, 100, 511, 512, 1232, 4096, 65535].map { size in
            ProtocolCase(
                "OPT with payload size \(size) is answered with the server's own", asking(EDNS(payloadSize: size)),
                found(edns: true))
        } + [
            ProtocolCase(
                "a name that is not there is told with OPT too",
                DNSQuery(DomainName("nobody.shop.svc.cluster.local.") ?? .root, .a, edns: EDNS()).bytes,
                .response(.init(.nameError, isAuthoritative: true, echoesQuestion: true, hasEDNS: true, answerCount: 0))),
            ProtocolCase(
                "a refusal has OPT too", DNSQuery(name, .axfr, edns: EDNS()).bytes,
                .response(.init(.refused, isAuthoritative: false, hasEDNS: true, answerCount: 0))),
            ProtocolCase(
                "flags of OPT beside DO are not sent back",
                good.with {
                    $0.counts = [1, 0, 0, 1]
                    $0.tail = [0, 0, 41, 4, 208, 0, 0, 0x7F, 0xFF, 0, 0]
                }.bytes, found(edns: true, dnssecOK: false)),
        ]
    }

    private static var versions: [ProtocolCase] {
        [1, 2, 255].map { version in
            ProtocolCase(
                "EDNS version \(version) is BADVERS", asking(EDNS(version: version)),
                .response(
                    .init(.badVersion, isAuthoritative: false, echoesQuestion: true, hasEDNS: true, answerCount: 0)))
        } + [
            ProtocolCase(
                "EDNS version 1 with options is BADVERS",
                asking(EDNS(version: 1, options: [EDNSOption(code: 65001, data: [1, 2])])),
                .response(.init(.badVersion, isAuthoritative: false, hasEDNS: true, answerCount: 0)))
        ]
    }

    private static var options: [ProtocolCase] {
        [
            (3, "NSID", []), (8, "a client subnet", [0, 1, 24, 0, 10, 0, 0]), (9, "EXPIRE", []),
            (12, "PADDING", [UInt8](repeating: 0, count: 20)), (65001, "an unknown option", [1, 2, 3]), (0, "option 0", []),
        ].map { code, what, data in
            ProtocolCase(
                "\(what) is not sent back", asking(EDNS(options: [EDNSOption(code: code, data: data)])), found(edns: true))
        } + [
            ProtocolCase(
                "KEEPALIVE is no reason not to answer", asking(EDNS(options: [EDNSOption(code: 11, data: [])])),
                found(edns: true)),
            ProtocolCase(
                "many options are passed over",
                asking(EDNS(options: (0..<100).map { EDNSOption(code: 65000 + $0, data: [0]) })), found(edns: true)),
        ]
    }

    /// RFC 7873 section 5.2.2: 8 bytes, or 16 to 40.
    private static var cookies: [ProtocolCase] {
        func cookie(_ count: Int) -> [UInt8] {
            asking(EDNS(options: [EDNSOption(code: EDNSOption.cookie, data: [UInt8](repeating: 7, count: count))]))
        }
        let badCookie = ProtocolCase.Outcome.response(.init(.badCookie, hasEDNS: true, answerCount: 0))
        return [0, 1, 7, 9, 15, 41, 64].map {
            ProtocolCase("a cookie of \($0) bytes is FORMERR", cookie($0), .formatError)
        } + [8].map {
            ProtocolCase("a client's cookie of \($0) bytes is no reason not to answer", cookie($0), found(edns: true))
        } + [16, 24, 40].map {
            ProtocolCase(
                "a cookie of \($0) bytes with a server's part not ours is answered or BADCOOKIE", cookie($0),
                found(edns: true), badCookie)
        }
    }
}
