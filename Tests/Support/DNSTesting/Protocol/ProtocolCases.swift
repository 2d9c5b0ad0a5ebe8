internal import DNSWire

/// Packets and what becomes of them, for the cluster `main`.
package enum ProtocolCases {
    package static var all: [ProtocolCase] { header + classes + types + sections + names + edns }

    static let name = DomainName("web.shop.svc.cluster.local.") ?? .root
    /// A for `web.shop.svc`.
    static let good = DNSQuery(name, .a)

    private static var header: [ProtocolCase] {
        let opcodes: [(UInt16, String)] = [
            (1, "IQUERY"), (2, "STATUS"), (3, "3"), (4, "NOTIFY"), (5, "UPDATE"), (6, "DSO"), (15, "15"),
        ]
        return [
            ProtocolCase("a question is answered", good.bytes, .found),
            ProtocolCase("RD clear comes back clear", good.with { $0.flags = 0 }.bytes, .found),
            ProtocolCase("AD, Z and the code of a question are not copied", good.with { $0.flags = 0x016F }.bytes, .found),
            ProtocolCase("AA, TC and RA of a question mean nothing", good.with { $0.flags = 0x0780 }.bytes, .found),
            ProtocolCase("a response is not answered", good.with { $0.flags = 0x8180 }.bytes, .ignored),
            ProtocolCase("a response of another opcode is not answered", good.with { $0.flags = 0xA800 }.bytes, .ignored),
            ProtocolCase("11 bytes are not answered", Array(good.bytes.prefix(11)), .ignored),
            ProtocolCase("2 bytes are not answered", Array(good.bytes.prefix(2)), .ignored),
            ProtocolCase("1 byte is not answered", [0x46], .ignored),
            ProtocolCase(
                "a header without a question is FORMERR",
                good.with { $0.counts = [0, 0, 0, 0] }.header, .formatError),
            ProtocolCase("a question that is announced and not there is FORMERR", good.header, .formatError),
            ProtocolCase(
                "no question beside bytes is FORMERR", good.with { $0.counts = [0, 0, 0, 0] }.bytes, .formatError),
            ProtocolCase(
                "two questions are FORMERR",
                good.with {
                    $0.counts = [2, 0, 0, 0]
                    $0.tail = $0.question
                }.bytes, .formatError),
            ProtocolCase(
                "65535 questions are FORMERR", good.with { $0.counts = [65535, 0, 0, 0] }.bytes, .formatError),
            ProtocolCase("one question announced twice is FORMERR", good.with { $0.counts = [2, 0, 0, 0] }.bytes, .formatError),
            ProtocolCase("a question without class is FORMERR", Array(good.bytes.dropLast(2)), .formatError),
            ProtocolCase("a question with half a class is FORMERR", Array(good.bytes.dropLast(1)), .formatError),
            ProtocolCase("a question without type and class is FORMERR", Array(good.bytes.dropLast(4)), .formatError),
        ] + opcodes.map { opcode, name in
            ProtocolCase("opcode \(name) is NOTIMP", good.with { $0.flags = opcode << 11 | 0x0100 }.bytes, .notImplemented)
        } + opcodes.map { opcode, name in
            ProtocolCase(
                "opcode \(name) without a question is NOTIMP",
                good.with {
                    $0.flags = opcode << 11
                    $0.counts = [0, 0, 0, 0]
                }.header, .notImplemented)
        }
    }

    private static var classes: [ProtocolCase] {
        [(3, "CH"), (4, "HS"), (254, "NONE"), (255, "ANY"), (0, "0"), (2, "CS"), (65535, "65535")].map { value, name in
            ProtocolCase("class \(name) is REFUSED", good.with { $0.recordClass = value }.bytes, .refused)
        } + ["version.bind.", "id.server.", "hostname.bind."].map { name in
            ProtocolCase(
                "\(name) of class CH is REFUSED unless it is switched on",
                DNSQuery(DomainName(name) ?? .root, .txt).with { $0.recordClass = 3 }.bytes, .refused)
        }
    }

    private static var types: [ProtocolCase] {
        let domain = DomainName.clusterLocal
        let nobody = DomainName("nobody.shop.svc.cluster.local.") ?? .root
        return [
            ProtocolCase("AXFR of the zone is REFUSED", DNSQuery(domain, .axfr).bytes, .refused),
            ProtocolCase("AXFR of a name is REFUSED", DNSQuery(name, .axfr).bytes, .refused),
            ProtocolCase("AXFR of a reverse zone is REFUSED", DNSQuery(reverse, .axfr).bytes, .refused),
            ProtocolCase("AXFR of a foreign name is REFUSED", DNSQuery(outside, .axfr).bytes, .refused),
            ProtocolCase("IXFR without SOA is REFUSED", DNSQuery(domain, .ixfr).bytes, .refused),
            ProtocolCase(
                "IXFR with SOA is REFUSED",
                DNSQuery(domain, .ixfr).with {
                    $0.counts = [1, 0, 1, 0]
                    $0.tail = DNSQuery.record(owner: domain.wire, type: 6, data: [0, 0] + [UInt8](repeating: 0, count: 20))
                }.bytes, .refused),
            ProtocolCase("type 0 is FORMERR or has no data", good.with { $0.type = 0 }.bytes, .formatError, .empty),
            ProtocolCase("type OPT is FORMERR or has no data", good.with { $0.type = 41 }.bytes, .formatError, .empty),
        ] + [(250, "TSIG"), (249, "TKEY"), (253, "MAILB"), (254, "MAILA"), (65535, "65535")].flatMap { type, label in
            [
                ProtocolCase("type \(label) has no data", good.with { $0.type = type }.bytes, .empty),
                ProtocolCase(
                    "a name that is not there is not there for type \(label)",
                    DNSQuery(nobody, RecordType(rawValue: type)).bytes, .missing),
            ]
        }
    }

    static let reverse = DomainName("96.10.in-addr.arpa.") ?? .root
    static let outside = DomainName("www.example.com.") ?? .root
}
