import DNSWire
import DNSWireTesting
import Testing

struct TextTests {
    @Test(arguments: [
        ("a.b 30 IN A 1.2.3.4", "a.b. 30 IN A 1.2.3.4"),
        ("a.b. IN 30 a 1.2.3.4 ; comment", "a.b. 30 IN A 1.2.3.4"),
        ("a.b.\t30\tA\t1.2.3.4\r", "a.b. 30 IN A 1.2.3.4"),
        (". 0 CH TXT x", #". 0 CH TXT "x""#),
        ("a. 5 AAAA 2001:DB8:0::1", "a. 5 IN AAAA 2001:db8::1"),
        ("a. 5 CNAME B.c", "a. 5 IN CNAME B.c."),
        ("a. 5 NS b", "a. 5 IN NS b."),
        ("1.0.0.10.in-addr.arpa. 5 PTR b", "1.0.0.10.in-addr.arpa. 5 IN PTR b."),
        ("_x._tcp.a. 5 SRV 1 2 65535 b", "_x._tcp.a. 5 IN SRV 1 2 65535 b."),
        ("a. 5 MX 10 b", "a. 5 IN MX 10 b."),
        ("a. 5 HINFO pc \"two words\"", #"a. 5 IN HINFO "pc" "two words""#),
        (#"a. 5 TXT "a;b" c\;d "" "\"\\\010""#, #"a. 5 IN TXT "a;b" "c;d" "" "\"\\\010""#),
        ("a. 5 SOA b. c. 1 2 3 4 4294967295", "a. 5 IN SOA b. c. 1 2 3 4 4294967295"),
        (##"a. 5 TYPE1 \# 4 0A 00 0001"##, "a. 5 IN A 10.0.0.1"),
        (##"a. 5 CLASS32 TYPE731 \# 3 ABCDEF"##, ##"a. 5 CLASS32 TYPE731 \# 3 abcdef"##),
        (##"a. 5 TYPE731 \# 0"##, ##"a. 5 IN TYPE731 \# 0"##),
    ])
    func aLineOfAZoneFileIsARecord(_ text: String, _ expected: String) throws {
        let record = try #require(ResourceRecord(text))
        #expect(record.description == expected)
        let again = ResourceRecord(expected)
        #expect(again == record)
    }

    @Test(arguments: [
        "", "; only a comment", "a.", "a. 5", "a. 5 IN", "a. 5 A", "a. A 1.2.3.4", "a. -1 A 1.2.3.4",
        "a. 4294967296 A 1.2.3.4", "a. 5 A ::1", "a. 5 AAAA 1.2.3.4", "a. 5 A 1.2.3.4 more", "a..b 5 A 1.2.3.4",
        "a. 5 TXT", "a. 5 TXT \"open", "a. 5 TXT end\\", "a. 5 TXT \\256", "a. 5 TXT \\25", "a. 5 CNAME \"a\"",
        "a. 5 SRV 1 2 65536 b", "a. 5 SRV 1 2 3", "a. 5 SOA b c 1 2 3 4", "a. 5 MX b", "a. 5 TYPE731 abc",
        ##"a. 5 TYPE731 \# 2 ab"##, ##"a. 5 TYPE731 \# 1 abc"##, ##"a. 5 TYPE731 \# 1 xy"##, ##"a. 5 A \# 3 010203"##,
        "a. 5 NAPTR 1 2 x y z b", "a. 5 IN IN A 1.2.3.4", "a. 5 TXT " + String(repeating: "x", count: 256),
    ])
    func whatIsNoRecordIsRefused(_ text: String) {
        let record = ResourceRecord(text)
        #expect(record == nil)
    }

    @Test func zoneTextHasALineForEachRecord() throws {
        let records = try #require([ResourceRecord](zoneText: "\n; none\n a. 5 A 1.2.3.4\n  \nb. 6 A 1.2.3.5 ; two\n"))
        #expect(records.map(\.timeToLive) == [5, 6])
        let refused = [ResourceRecord](zoneText: "a. 5 A 1.2.3.4\nb. A")
        #expect(refused == nil)
    }

    @Test(arguments: 1...100 as ClosedRange<UInt64>)
    func printedRecordsAreReadBack(_ seed: UInt64) {
        var random = RandomMessage(seed: seed)
        for _ in 0..<20 {
            let record = random.record()
            let again = ResourceRecord(record.description)
            #expect(again == record, "seed \(seed)")
        }
    }
}
