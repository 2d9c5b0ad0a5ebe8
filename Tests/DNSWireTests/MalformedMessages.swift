import DNSWire
import Testing

/// Bytes that are no message, and what is wrong with them.
struct MalformedMessage: Sendable, CustomTestStringConvertible {
    var title: String
    var bytes: [UInt8]
    var code: DecodingFault.Code
    var offset: Int

    var testDescription: String { title }

    init(_ title: String, _ bytes: [UInt8], _ code: DecodingFault.Code, at offset: Int) {
        self.title = title
        self.bytes = bytes
        self.code = code
        self.offset = offset
    }

    static let all = headers + names + pointers + records + options

    static let headers = [
        MalformedMessage("no bytes", [], .overrun, at: 0),
        MalformedMessage("one byte", [0], .overrun, at: 0),
        MalformedMessage("header cut", wire("1234 8000 0000 0000 0000 00"), .overrun, at: 10),
        MalformedMessage("65536 bytes", header(0) + [UInt8](repeating: 0, count: 65524), .messageTooLong, at: 65535),
        MalformedMessage("bytes after the header", header(0) + [0], .trailingBytes, at: 12),
        MalformedMessage("a question promised", header(1), .overrun, at: 12),
        MalformedMessage("an answer promised", header(0, 1), .overrun, at: 12),
        MalformedMessage("65535 of everything", header(65535, 65535, 65535, 65535), .overrun, at: 12),
        MalformedMessage("a question too few", header(2) + wire("00 0001 0001"), .overrun, at: 17),
        MalformedMessage("a record too few", header(0, 2) + record([0], 1, [1, 2, 3, 4]), .overrun, at: 27),
        MalformedMessage("question without class", header(1) + wire("00 0001"), .overrun, at: 15),
        MalformedMessage("question with half a type", header(1) + wire("00 00"), .overrun, at: 13),
        MalformedMessage("bytes after a question", header(1) + wire("00 0001 0001 ff"), .trailingBytes, at: 17),
    ]

    static let names = [
        MalformedMessage("label over the end", header(1) + wire("05 6162"), .overrun, at: 12),
        MalformedMessage("label that ends at the end", header(1) + wire("02 6162"), .overrun, at: 15),
        MalformedMessage("label type 01", header(1) + wire("41 61 00 0001 0001"), .labelType, at: 12),
        MalformedMessage("label type 10", header(1) + wire("0161 80 00 0001 0001"), .labelType, at: 14),
        MalformedMessage("name of 256 bytes", header(1) + longName(256) + wire("0001 0001"), .nameTooLong, at: 12),
        MalformedMessage(
            "name of 256 bytes by a pointer",
            header(1, 1) + longName(254) + wire("0001 0001") + record(wire("0163 c00c"), 1, [1, 2, 3, 4]),
            .nameTooLong, at: 270),
    ]

    static let pointers = [
        MalformedMessage("pointer to itself", header(1) + wire("c00c 0001 0001"), .pointerNotBackwards, at: 12),
        MalformedMessage("pointer to the label before it", header(1) + wire("0161 c00c 0001 0001"), .pointerNotBackwards, at: 14),
        MalformedMessage("pointer forward", header(1) + wire("c012 0001 0001 00"), .pointerNotBackwards, at: 12),
        MalformedMessage("pointer over the end", header(1) + wire("ffff 0001 0001"), .pointerNotBackwards, at: 12),
        MalformedMessage("pointer into the header", header(1) + wire("c000 0001 0001"), .pointerIntoHeader, at: 12),
        MalformedMessage("pointer to the header's end", header(1) + wire("c00b 0001 0001"), .pointerIntoHeader, at: 12),
        MalformedMessage("half a pointer", header(1) + wire("c0"), .overrun, at: 12),
        MalformedMessage(
            "pointer to what follows", header(1) + wire("0161 c010 0001 0001"), .pointerNotBackwards, at: 14),
        MalformedMessage("128 pointers", pointerChain(128), .pointerLimit, at: pointerChainStart),
    ]

    /// Where pointers of `pointerChain` stop being followed: the one that the first of the chain is behind.
    static let pointerChainStart = 12 + 11 + 1

    /// A record of type 300 whose RDATA is the root and a chain of pointers, and a record whose owner is its end.
    static func pointerChain(_ count: Int) -> [UInt8] {
        let data = 12 + 11
        var chain: [UInt8] = [0]
        var target = data
        for _ in 1..<count {
            let next = data + chain.count
            chain += [0xC0 | UInt8(target >> 8), UInt8(target & 255)]
            target = next
        }
        let owner = [0xC0 | UInt8(target >> 8), UInt8(target & 255)]
        return header(0, 2) + record([0], 300, chain) + record(owner, 1, [1, 2, 3, 4])
    }

    static let records = [
        MalformedMessage("record without length", header(0, 1) + wire("00 0001 0001 0000001e"), .overrun, at: 21),
        MalformedMessage("RDATA over the end", header(0, 1) + wire("00 0001 0001 0000001e 0005 01020304"), .overrun, at: 21),
        MalformedMessage("A of 3 bytes", header(0, 1) + record([0], 1, [1, 2, 3]), .overrun, at: 25),
        MalformedMessage("A of 5 bytes", header(0, 1) + record([0], 1, [1, 2, 3, 4, 5]), .recordData, at: 27),
        MalformedMessage("A of no bytes", header(0, 1) + record([0], 1, []), .overrun, at: 23),
        MalformedMessage("AAAA of 4 bytes", header(0, 1) + record([0], 28, [1, 2, 3, 4]), .overrun, at: 27),
        MalformedMessage("CNAME of no bytes", header(0, 1) + record([0], 5, []), .overrun, at: 23),
        MalformedMessage("CNAME and more", header(0, 1) + record([0], 5, [0, 0]), .recordData, at: 24),
        MalformedMessage(
            "CNAME that goes on behind its RDATA", header(0, 2) + record([0], 5, [1]) + record([0], 1, [1, 2, 3, 4]),
            .overrun, at: 23),
        MalformedMessage("SOA without times", header(0, 1) + record([0], 6, [0, 0, 0, 0]), .overrun, at: 27),
        MalformedMessage("SRV without target", header(0, 1) + record([0], 33, [0, 0, 0, 0, 0, 0]), .overrun, at: 29),
        MalformedMessage("TXT of no bytes", header(0, 1) + record([0], 16, []), .overrun, at: 23),
        MalformedMessage("TXT string over its end", header(0, 1) + record([0], 16, [3, 1, 2]), .overrun, at: 23),
        MalformedMessage("HINFO of one string", header(0, 1) + record([0], 13, [1, 1]), .overrun, at: 25),
        MalformedMessage("MX without exchange", header(0, 1) + record([0], 15, [0, 1]), .overrun, at: 25),
        MalformedMessage("MX with a pointer forward", header(0, 1) + record([0], 15, wire("0001 c0ff")), .pointerNotBackwards, at: 25),
        MalformedMessage("NAPTR of two strings", header(0, 1) + record([0], 35, [0, 0, 0, 0, 0, 0]), .overrun, at: 29),
        MalformedMessage("RDATA that is too long written in full", longWrittenInFull, .recordDataTooLong, at: 156),
    ]

    /// A message of 65535 bytes with a NXT record, whose name of 254 bytes takes 129: its first run of labels lies within
    /// the labels that its pointer leads back to.
    static let longWrittenInFull =
        header(1, 1) + [63, 63] + [UInt8](repeating: 97, count: 62) + [63, 60] + [UInt8](repeating: 98, count: 60)
        + wire("c00c 00 0001 0001") + record([0], 30, wire("c00d") + [UInt8](repeating: 0, count: 65377))

    static let options = [
        MalformedMessage("two OPT", header(0, 0, 0, 2) + record([0], 41, []) + record([0], 41, []), .secondOPT, at: 23),
        MalformedMessage("OPT with an owner", header(0, 0, 0, 1) + record([1, 97, 0], 41, []), .ownedOPT, at: 12),
        MalformedMessage("OPT in Answer", header(0, 1) + record([0], 41, []), .misplacedOPT, at: 12),
        MalformedMessage("OPT in Authority", header(0, 0, 1) + record([0], 41, []), .misplacedOPT, at: 12),
        MalformedMessage("option cut", header(0, 0, 0, 1) + record([0], 41, [0, 10, 0]), .overrun, at: 25),
        MalformedMessage("option over the end", header(0, 0, 0, 1) + record([0], 41, wire("000a 0003 0102")), .overrun, at: 25),
    ]
}
