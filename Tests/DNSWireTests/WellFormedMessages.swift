import Testing

/// Bytes that are a message, and its text.
struct WellFormedMessage: Sendable, CustomTestStringConvertible {
    var title: String
    var bytes: [UInt8]
    var text: String

    var testDescription: String { title }

    private static let question = wire("03 777777 07 6578616d706c65 00 0001 0001")

    /// An answer about `www.example.`, whose name is at byte 12 and `example.` at 16.
    private static func answer(_ title: String, _ record: [UInt8], _ text: String) -> WellFormedMessage {
        WellFormedMessage(
            title: title, bytes: header(1, 1) + question + record,
            text: """
                ;; opcode: QUERY, status: NOERROR, id: 4660
                ;; flags: qr; QUERY: 1, ANSWER: 1, AUTHORITY: 0, ADDITIONAL: 0
                ;; QUESTION:
                ;www.example. IN A
                ;; ANSWER:
                \(text)
                """)
    }

    private static func answer(_ type: UInt16, _ data: String, _ text: String) -> WellFormedMessage {
        answer("\(text)", record(wire("c00c"), type, wire(data)), "www.example. 30 IN \(text)")
    }

    static let all = [
        answer(1, "0a000001", "A 10.0.0.1"),
        answer(28, "20010db8 00000000 00000000 00000001", "AAAA 2001:db8::1"),
        answer(2, "026e73 c010", "NS ns.example."),
        answer(5, "c010", "CNAME example."),
        answer(12, "0161 c00c", "PTR a.www.example."),
        answer(6, "026e73 c010 0161 c010 00000001 00000002 00000003 00000004 00000005", "SOA ns.example. a.example. 1 2 3 4 5"),
        answer(33, "0001 0002 0050 c00c", "SRV 1 2 80 www.example."),
        answer(16, "0161 00 04 22 5c 07 ff", #"TXT "a" "" "\"\\\007\255""#),
        answer(13, "0161 0162", #"HINFO "a" "b""#),
        answer(15, "000a c010", "MX 10 example."),
        answer(14, "c010 c010", ##"TYPE14 \# 18 076578616d706c6500076578616d706c6500"##),
        answer(39, "c010", ##"TYPE39 \# 9 076578616d706c6500"##),
        answer(18, "0001 c010", ##"TYPE18 \# 11 0001076578616d706c6500"##),
        answer(26, "0001 c010 00", ##"TYPE26 \# 12 0001076578616d706c650000"##),
        answer(30, "c010 40", ##"TYPE30 \# 10 076578616d706c650040"##),
        answer(35, "0001 0002 0155 00 00 c010", ##"NAPTR \# 17 0001000201550000076578616d706c6500"##),
        answer(46, "c010", ##"RRSIG \# 2 c010"##),
        answer(4000, "c010", ##"TYPE4000 \# 2 c010"##),
        answer(4000, "", ##"TYPE4000 \# 0"##),
        answer("case is kept", record(wire("03 575757 c010"), 1, [10, 0, 0, 1]), "WWW.example. 30 IN A 10.0.0.1"),
        answer("odd names", record(wire("05 612e5c20ff c010"), 1, [10, 0, 0, 1]), #"a\.\\\032\255.example. 30 IN A 10.0.0.1"#),
        answer("A of another class", wire("c00c 0001 0003 0000001e 0003 000102"), ##"www.example. 30 CH A \# 3 000102"##),
        answer("no RDATA, class ANY", wire("c00c 0001 00ff 00000000 0000"), ##"www.example. 0 ANY A \# 0"##),
        WellFormedMessage(
            title: "header alone", bytes: header(0),
            text: """
                ;; opcode: QUERY, status: NOERROR, id: 4660
                ;; flags: qr; QUERY: 0, ANSWER: 0, AUTHORITY: 0, ADDITIONAL: 0
                """),
        WellFormedMessage(
            title: "all flags, OPT between others",
            bytes: wire("1234 afb3 0000 0000 0001 0003") + record(wire("0161 00"), 2, [0])
                + record(wire("c00c"), 1, [1, 2, 3, 4]) + wire("00 0029 04d0 01 00 8000 0006 000a 0002 abcd")
                + record(wire("c00c"), 1, [1, 2, 3, 5]),
            text: """
                ;; opcode: UPDATE, status: 19, id: 4660
                ;; flags: qr aa tc rd ra ad cd; QUERY: 0, ANSWER: 0, AUTHORITY: 1, ADDITIONAL: 3
                ; EDNS: version: 0, flags: do; udp: 1232
                ; OPT=10: abcd
                ;; AUTHORITY:
                a. 30 IN NS .
                ;; ADDITIONAL:
                a. 30 IN A 1.2.3.4
                a. 30 IN A 1.2.3.5
                """),
    ]
}
