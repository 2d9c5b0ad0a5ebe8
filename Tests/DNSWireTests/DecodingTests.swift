@testable import DNSWire
import DNSWireTesting
import Testing

struct DecodingTests {
    @Test(arguments: MalformedMessage.all)
    func whatIsWrongAndWhereIsSaid(_ message: MalformedMessage) {
        let expected = DecodingFault(message.code, at: message.offset)
        #expect(throws: expected) { try Message(decoding: message.bytes) }
        #expect(CodecLaws.violation(by: message.bytes) == nil)
    }

    @Test(arguments: WellFormedMessage.all)
    func aMessageIsWhatItSays(_ message: WellFormedMessage) throws {
        let decoded = try Message(decoding: message.bytes)
        #expect(decoded.description == message.text)
        #expect(CodecLaws.violation(by: message.bytes) == nil)
    }

    /// Any cut of a good message, and any one byte changed, gives a message or a fault.
    @Test func cutAndChangedMessagesKeepTheLaws() {
        for message in WellFormedMessage.all {
            for count in 0..<message.bytes.count {
                #expect(CodecLaws.violation(by: Array(message.bytes[..<count])) == nil, "\(message.title) cut at \(count)")
                var changed = message.bytes
                changed[count] ^= 0xC0
                #expect(CodecLaws.violation(by: changed) == nil, "\(message.title) changed at \(count)")
            }
        }
    }

    @Test func bytesAfterTheMessageAreIgnoredWhenLenient() throws {
        let message = try Message(decoding: header(1) + wire("00 0001 0001 ff"), mode: .lenient)
        #expect(message.questions == [Question(name: .root, type: .a)])
    }

    @Test func aNameMayHave127PointersAnd255Bytes() throws {
        let chained = try Message(decoding: MalformedMessage.pointerChain(127))
        #expect(chained.answers.last?.name == .root)
        let long = try Message(decoding: header(1) + longName(255) + wire("0001 0001"))
        #expect(long.questions.first?.name.wire.count == 255)
    }

    @Test func aFaultSaysItsByte() {
        #expect(DecodingFault(.labelType, at: 14).description == "byte 14: neither a label nor a pointer")
    }

    @Test func rdataAloneHasNoPointers() throws {
        let name = try RecordData(type: .ns, decoding: wire("0161 00"))
        #expect(name == .ns(DNSWireTests.name("a.")))
        let expected = DecodingFault(.pointerWithoutMessage, at: 2)
        #expect(throws: expected) { try RecordData(type: .ns, decoding: wire("0161 c00c")) }
    }
}

/// Steps are labels and pointers looked at; the bound is a constant for each byte of the message.
struct DecodingWorkTests {
    @Test func namesThatAllWalkTheLongestWayTakeBoundedSteps() throws {
        let bytes = Self.worstCase
        #expect(bytes.count > 65500)
        var decoder = MessageDecoder(byteCount: bytes.count)
        let message = try decoder.message(bytes.span, .strict)
        #expect(message.answers.count > 4000)
        #expect(message.answers.allSatisfy { $0.data.wire.count > 500 || $0.type != RecordType(rawValue: 14) })
        // The case is as bad as it is meant to be, and no worse than the bound.
        #expect(decoder.steps > 30 * bytes.count)
        #expect(decoder.steps <= MessageDecoder.stepsPerByteLimit * bytes.count)
    }

    @Test func recordsThatNameOneOwnerShareIt() throws {
        let count = 1000
        let bytes =
            header(1, UInt16(count)) + longName(255) + wire("0001 0001")
            + [[UInt8]](repeating: record(wire("c00c"), 1, [1, 2, 3, 4]), count: count).joined()
        var decoder = MessageDecoder(byteCount: bytes.count)
        _ = try decoder.message(bytes.span, .strict)
        #expect(decoder.steps < count + 20)
    }

    /// Two chains of 126 labels of one byte, each behind a pointer, then MINFO records of 16 bytes whose three names
    /// take turns at them.
    private static var worstCase: [UInt8] {
        let data = 12 + 11
        var chain: [UInt8] = [0]
        var ends = [data, data]
        for index in 0..<252 {
            let next = data + chain.count
            let target = ends[index & 1]
            chain += [1, 0x61, 0xC0 | UInt8(target >> 8), UInt8(target & 255)]
            ends[index & 1] = next
        }
        let pointers = ends.map { [0xC0 | UInt8($0 >> 8), UInt8($0 & 255)] }
        var bytes = record([0], 300, chain)
        var count: UInt16 = 1
        while bytes.count < 65535 - 12 - 16 {
            let turn = Int(count) & 1
            bytes += record(pointers[turn], 14, pointers[1 - turn] + pointers[turn])
            count += 1
        }
        return header(0, count) + bytes
    }
}
