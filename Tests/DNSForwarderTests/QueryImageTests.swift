import DNSWire
import RandomTesting
import Testing

@testable import DNSForwarder

@Suite struct QueryImageTests {
    private func image(_ seed: UInt64, _ extensions: QueryImage.Extensions = .guarded) -> QueryImage {
        var random = SplitMix64(seed: seed)
        return QueryImage(question("www.Example-1.com."), extensions: extensions, token: [1, 2, 3, 4], random: &random)
    }

    @Test(arguments: [QueryImage.Extensions.none, .plain, .guarded])
    func `a query is a message with one question`(extensions: QueryImage.Extensions) throws {
        let query = image(1, extensions)
        let message = try Message(decoding: query.bytes.span)
        #expect(message.id == query.id)
        #expect(message.questions == [question("www.example-1.com.").question])
        #expect((message.edns != nil) == (extensions != .none))
        let options = extensions == .guarded ? [EDNSOption(code: 65001, data: [1, 2, 3, 4])] : []
        #expect(message.edns?.options ?? [] == options)
        #expect(message.encoded().count == query.bytes.count)
    }

    @Test func `letters take either case about as often`() {
        var upper = 0
        for seed in UInt64(0)..<1000 {
            let name = image(seed).bytes[12..<image(seed).questionEnd]
            upper += name.count { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
        }
        // 13 letters each; six deviations of a fair coin.
        #expect(abs(upper - 6500) < 350, "\(upper)")
    }

    @Test func `a response is told by id, QR, opcode, and question to the letter`() {
        let query = image(1)
        func match(_ change: (inout [UInt8]) -> Void) -> ResponseMatch {
            var bytes = Array(query.bytes.prefix(query.questionEnd)) + [0, 0]
            bytes[2] = 0x81
            change(&bytes)
            return ResponseMatch(of: bytes, to: query)
        }
        #expect(match { _ in } == .answer)
        #expect(match { $0[2] |= 2 } == .truncated)
        #expect(match { $0[0] ^= 1 } == .foreign)
        #expect(match { $0[1] ^= 0x80 } == .foreign)
        #expect(match { $0[2] = 0x01 } == .foreign)
        #expect(match { $0[2] = 0xA1 } == .foreign)
        #expect(match { $0[5] = 2 } == .foreign)
        #expect(match { $0[13] ^= 0x20 } == .otherCase)
        #expect(match { $0[13] ^= 1 } == .foreign)
        #expect(match { $0[12] ^= 0x20 } == .foreign)
        #expect(match { $0[query.questionEnd - 1] = 3 } == .foreign)
        #expect(match { $0[query.questionEnd - 3] ^= 0x20 } == .foreign)
        #expect(match { $0 = Array($0.prefix(query.questionEnd - 1)) } == .foreign)
        for (code, expected) in [(UInt8(1), ResponseMatch.bareFailure), (4, .bareFailure), (0, .foreign), (2, .foreign)] {
            #expect(match { $0 = Array($0.prefix(12)); $0[5] = 0; $0[3] = code } == expected)
        }
    }
}
