@testable import DNSWire
import DNSWireTesting
import NetworkTypes
import Testing

struct EncodingTests {
    @Test(arguments: 1...200 as ClosedRange<UInt64>)
    func decodingGivesBackWhatWasEncoded(_ seed: UInt64) throws {
        var random = RandomMessage(seed: seed)
        let message = random.message()
        let decoded = try Message(decoding: message.encoded())
        #expect(decoded == message, "seed \(seed)")
        #expect(CodecLaws.violation(encoding: message) == nil, "seed \(seed)")
    }

    @Test func namesAreWrittenOnceAndWithTheirCase() {
        let message = Message(
            id: 1, questions: [Question(name: name("www.Example."), type: .mx)],
            answers: zone(
                """
                www.Example. 30 IN MX 10 mail.Example.
                mail.Example. 30 IN CNAME www.example.
                """))
        let expected =
            wire("0001 0000 0001 0002 0000 0000 03777777 07 4578616d706c65 00 000f 0001")
            + record(wire("c00c"), 15, wire("000a 04 6d61696c c010"))
            + record(wire("c02b"), 5, wire("03777777 07 6578616d706c65 00"))
        #expect(message.encoded() == expected)
    }

    @Test func aTargetOfSRVIsWrittenInFullAndOthersPointAtIt() {
        let message = Message(
            id: 1, questions: [Question(name: name("s.example."), type: .srv)],
            answers: zone("s.example. 30 SRV 0 1 2 t.example."), additionals: zone("t.example. 30 A 1.2.3.4"))
            .encoded()
        let target = 12 + 15 + 12 + 6
        let expected =
            wire("0001 0000 0001 0001 0000 0001 0173 07 6578616d706c65 00 0021 0001")
            + record(wire("c00c"), 33, wire("0000 0001 0002 0174 07 6578616d706c65 00"))
            + record([0xC0, UInt8(target)], 1, [1, 2, 3, 4])
        #expect(message == expected)
    }

    @Test func namesBeyondTheReachOfAPointerAreWrittenInFull() throws {
        let filler = ResourceRecord(
            name: .root, timeToLive: 0, data: .opaque(RecordType(rawValue: 300), [UInt8](repeating: 7, count: 0x4000)))
        let far = zone("far.example. 30 A 1.2.3.4\nfar.example. 30 A 1.2.3.5")
        let message = Message(id: 1, answers: [filler] + far)
        let bytes = message.encoded()
        #expect(bytes.count == 12 + 11 + 0x4000 + 2 * (13 + 14))
        let decoded = try Message(decoding: bytes)
        #expect(decoded == message)
    }

    @Test func theUpperBitsOfTheCodeNeedOPT() throws {
        let with = try Message(decoding: Message(id: 1, responseCode: .badVersion, edns: EDNS()).encoded())
        let without = try Message(decoding: Message(id: 1, responseCode: .badVersion).encoded())
        #expect(with.responseCode == .badVersion)
        #expect(without.responseCode == .serverFailure)
    }

    @Test(arguments: ["a.b. 30 IN A 1.2.3.4", "a.b. 30 IN MX 1 a.b.", "a.b. 30 IN SOA a.b. a.b. 1 2 3 4 5"])
    func aRecordAloneHasNoPointers(_ text: String) throws {
        let record = try #require(ResourceRecord(text))
        let data = try RecordData(type: record.type, decoding: record.data.wire)
        #expect(data == record.data)
        #expect(record.wire == DNSWireTests.record(wire("0161 0162 00"), record.type.rawValue, record.data.wire))
    }
}

struct TruncationTests {
    private static let full = Message(
        id: 1, flags: .response, questions: [Question(name: name("a.example."), type: .a)],
        answers: zone("a.example. 30 A 1.1.1.1\na.example. 30 A 1.1.1.2"), authorities: zone("example. 30 NS b.example."),
        additionals: zone("b.example. 30 A 1.1.1.3\nb.example. 30 A 1.1.1.4\nb.example. 30 AAAA ::1"),
        edns: EDNS(options: [EDNSOption(code: 10, data: [1, 2, 3, 4, 5, 6, 7, 8])]))

    /// Bytes: 27 header and question, 23 OPT, 16 an answer, 16 NS, 16 each glue A, 28 AAAA.
    @Test(arguments: [
        (158, "q1 an2 ns1 ar3"), (157, "q1 an2 ns1 ar2"), (130, "q1 an2 ns1 ar2"), (129, "q1 an2 ns1 ar0"),
        (98, "q1 an2 ns1 ar0"), (97, "q1 an2 ns0 ar0"), (82, "q1 an2 ns0 ar0"), (81, "q1 an1 ns0 ar0 tc"),
        (66, "q1 an1 ns0 ar0 tc"), (65, "q1 an0 ns0 ar0 tc"), (50, "q1 an0 ns0 ar0 tc"), (49, "q0 an0 ns0 ar0 tc"),
        (35, "q0 an0 ns0 ar0 tc"), (34, "q0 an0 ns0 ar0 tc -options"), (23, "q0 an0 ns0 ar0 tc -options"),
        (22, "q0 an0 ns0 ar0 tc -edns"), (0, "q0 an0 ns0 ar0 tc -edns"),
    ])
    func additionalGoesFirstThenAuthorityAndOnlyLostAnswersAreSaid(_ limit: Int, _ expected: String) throws {
        let bytes = Self.full.encoded(limit: limit)
        #expect(bytes.count <= max(12, limit))
        let cut = try Message(decoding: bytes)
        var text =
            "q\(cut.questions.count) an\(cut.answers.count) ns\(cut.authorities.count) ar\(cut.additionals.count)"
        if cut.flags.contains(.truncated) { text += " tc" }
        if cut.edns == nil { text += " -edns" } else if cut.edns?.options == [] { text += " -options" }
        #expect(text == expected)
    }

    @Test func namesOfARecordTakenBackAreNotPointedAt() throws {
        var writer = MessageWriter(id: 1, limit: 60)
        let long = ResourceRecord(
            name: name("long.example."), timeToLive: 1, data: .txt([[UInt8](repeating: 1, count: 60)]))
        let isWritten = writer.append([long], to: .additional)
        #expect(!isWritten)
        #expect(writer.isFull)
        #expect(writer.names.mark == 0)
        let bytes = writer.finish()
        #expect(bytes == wire("0001 0000 0000 0000 0000 0000"))
    }

    @Test func recordsThatNoLengthCanSayAreLeftOut() throws {
        let huge = ResourceRecord(
            name: .root, timeToLive: 1, data: .opaque(RecordType(rawValue: 300), [UInt8](repeating: 1, count: 70000)))
        let cut = try Message(decoding: Message(id: 1, answers: [huge]).encoded())
        #expect(cut == Message(id: 1, flags: .truncated))
    }
}

struct CompressionTableTests {
    /// The table is the same after records are taken back, also when it has grown for them.
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func namesFoundAfterTakingBackAreThoseFoundBefore(_ seed: UInt64) {
        var random = RandomMessage(seed: seed)
        var kept = MessageWriter(id: 1)
        for _ in 0..<30 { kept.append(random.record()) }
        var writer = kept
        let start = (writer.bytes.count, writer.names.mark)
        for _ in 0..<60 { writer.append(random.record()) }
        writer.names.removeEntries(after: start.1)
        writer.bytes.removeLast(writer.bytes.count - start.0)
        for _ in 0..<30 {
            let record = random.record()
            kept.append(record)
            writer.append(record)
        }
        #expect(kept.bytes == writer.bytes, "seed \(seed)")
    }
}
