internal import DNSWire

extension ProtocolCases {
    /// Names that are no names, and names that only look odd.
    static var names: [ProtocolCase] { malformed + odd + long }

    private static func asking(_ name: [UInt8]) -> [UInt8] { good.with { $0.name = name }.bytes }

    private static func label(_ text: String) -> [UInt8] { [UInt8(text.utf8.count)] + Array(text.utf8) }

    private static var malformed: [ProtocolCase] {
        [
            ("a pointer to itself", [0xC0, 0x0C]),
            ("a pointer after a label to itself", label("web") + [0xC0, 0x10]),
            ("a pointer to its own start", label("web") + [0xC0, 0x0C]),
            ("a pointer ahead", [0xC0, 0x20]),
            ("a pointer past the end", [0xFF, 0xFF]),
            ("a pointer into the header", [0xC0, 0x00]),
            ("a label behind which a pointer goes into the header", label("web") + [0xC0, 0x02]),
            ("half a pointer", label("web") + [0xC0]),
            ("an extended label (0x40)", [0x41, 0x01, 0x00]),
            ("a label of the reserved kind (0x80)", [0x81, 0x61, 0x00]),
            ("a label longer than the message", [0x3F, 0x61, 0x62]),
            ("a name without an end", label("web") + label("shop")),
            ("a name of 256 bytes", longName(256)),
            ("a name of 300 bytes", longName(300)),
        ].map { what, name in
            ProtocolCase("\(what) in the question's name is FORMERR", asking(name), .formatError)
        } + [
            ProtocolCase(
                "a name that ends with the message is FORMERR", good.header + label("web") + label("shop"), .formatError),
            ProtocolCase("an empty label before the end is another name", asking([0]), forwarded, .refused),
        ]
    }

    private static let forwarded = ProtocolCase.Outcome.response(.init(.nameError, echoesQuestion: true))

    /// Bytes that no Kubernetes name has are names nevertheless.
    private static var odd: [ProtocolCase] {
        [
            ("NUL", [0x61, 0x00, 0x62]), ("a dot", Array("a.b".utf8)), ("a backslash", Array("a\\b".utf8)),
            ("0xFF", [0xFF, 0xFE]), ("a space", Array("a b".utf8)), ("a quote", Array("\"".utf8)), ("UTF-8", Array("é".utf8)),
            ("the digits of an escape", Array("\\046".utf8)),
        ].map { what, bytes in
            let name = [UInt8(bytes.count)] + bytes + label("shop") + label("svc") + DomainName.clusterLocal.wire
            return ProtocolCase("a label with \(what) is a name that is not there", asking(name), .missing)
        } + [
            ProtocolCase(
                "a dot inside a label does not divide it",
                asking(label("web.shop") + label("svc") + DomainName.clusterLocal.wire), .missing),
            ProtocolCase(
                "letters are compared without case, other bytes are not",
                asking(label("WEB") + label("sHOp") + label("Svc") + DomainName.clusterLocal.wire), .found),
            ProtocolCase(
                "0x57 in another row of the table is no letter",
                asking([3, 0x17, 0x65, 0x62] + label("shop") + label("svc") + DomainName.clusterLocal.wire), .missing),
        ]
    }

    private static var long: [ProtocolCase] {
        [
            ProtocolCase("a name of 255 bytes is a name", asking(longName(255)), .missing),
            ProtocolCase("127 labels are a name", asking(manyLabels), .missing),
            ProtocolCase(
                "a label of 63 bytes is a label",
                asking([63] + [UInt8](repeating: 0x61, count: 63) + name.wire), .missing),
        ]
    }

    /// A name in the zone with labels as long as they may be, `count` bytes in all.
    private static func longName(_ count: Int) -> [UInt8] {
        var left = count - DomainName.clusterLocal.wire.count
        var wire: [UInt8] = []
        while left > 0 {
            // A label of no bytes would be the root: two are left for the last one.
            let length = min(63, left - 1 == 64 ? 62 : left - 1)
            wire += [UInt8(length)] + [UInt8](repeating: 0x78, count: length)
            left -= length + 1
        }
        return wire + DomainName.clusterLocal.wire
    }

    private static var manyLabels: [UInt8] {
        // 255 bytes: 120 labels of one byte before the domain's 15.
        (0..<120).flatMap { _ in label("a") } + DomainName.clusterLocal.wire
    }
}
