import DNSWire
import Testing

@Suite struct NameHashTests {
    @Test("the parser's hash and lower case are the name's", arguments: 0...80) func theParserSHashAnd(_ length: Int) {
        let labels = [Array(repeating: UInt8(ascii: "Q"), count: min(63, length + 1)), Array("@[`{Az-\u{7F}".utf8) + [0xC1, 0xDA]]
        guard let name = DomainName(labels: labels) else { return #expect(Bool(false)) }
        let request: [UInt8] = [0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0] + name.wire + [0, 1, 0, 1]
        let scratch = NameScratch()
        var query = ParsedQuery()
        let verdict = unsafe QueryParser.parse(request.span.bytes, into: &query, name: scratch)
        #expect(verdict == .answer)
        #expect(query.hash == NameHash.hash(of: name))
        #expect(query.labelCount == 2)
        #expect(query.questionEnd == request.count)
        // SAFETY: compared at once.
        let isLowercase = unsafe scratch.bytes(query.nameLength).elementsEqual(name.lowercased.wire)
        #expect(isLowercase)
    }

    /// Every request, cut off anywhere in its header, its question or just behind it.
    @Test func aHashAheadOfAnsweringIsThatOfTheAnswer() {
        let scratch = NameScratch()
        let other = NameScratch()
        for message in WellFormedMessage.all.map(\.bytes) + MalformedMessage.all.map(\.bytes) {
            for count in 0...min(message.count, 300) {
                let bytes = Array(message[..<count])
                var query = ParsedQuery()
                _ = unsafe QueryParser.parse(bytes.span.bytes, into: &query, name: scratch)
                guard query.hasQuestion else { continue }
                let hash = unsafe QueryParser.nameHash(bytes.span.bytes, name: other)
                #expect(hash == query.hash, "\(bytes)")
            }
        }
    }

    @Test(arguments: [[], [UInt8](repeating: 0, count: 11), [0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, 97]])
    func withoutANameThereIsNoHash(_ bytes: [UInt8]) {
        let scratch = NameScratch()
        let hash = unsafe QueryParser.nameHash(bytes.span.bytes, name: scratch)
        #expect(hash == nil)
    }
}
