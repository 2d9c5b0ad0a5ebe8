internal import DNSWire

/// One query as it travels to an upstream, and what tells its answer from a forged one.
struct QueryImage: Equatable {
    /// How much EDNS an upstream is offered.
    enum Extensions: Int, Comparable {
        /// No OPT: for what answers FORMERR to it (RFC 6891 section 7).
        case none
        /// OPT without options.
        case plain
        /// OPT with the token that shows a loop.
        case guarded

        static func < (a: Extensions, b: Extensions) -> Bool { a.rawValue < b.rawValue }
    }

    let bytes: [UInt8]
    /// The question's end: 12 is its beginning.
    let questionEnd: Int
    let extensions: Extensions

    /// The advertised size: what passes every path unfragmented (DNS flag day 2020).
    static let payloadSize: UInt16 = 1232
    static let headerByteCount = 12

    /// - Parameter random: gives the id and the case of letters (draft-vixie-dnsext-dns0x20): with the source port
    ///   about 32 bits and one for each letter that a blind forger has to guess.
    init(
        _ question: ForwardedQuestion, extensions: Extensions, token: [UInt8],
        random: inout some RandomNumberGenerator
    ) {
        let id = UInt16.random(in: .min ... .max, using: &random)
        // RD; and CD where the client set it.
        let flags: UInt16 = 0x0100 | (question.checkingDisabled ? 0x0010 : 0)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.headerByteCount + question.question.name.wire.count + 32)
        bytes.append(big: id)
        bytes.append(big: flags)
        bytes.append(big: 1)
        bytes.append(big: 0)
        bytes.append(big: 0)
        bytes.append(big: extensions == .none ? 0 : 1)
        Self.appendMixedCase(question.question.name, to: &bytes, random: &random)
        bytes.append(big: question.question.type.rawValue)
        bytes.append(big: question.question.recordClass.rawValue)
        questionEnd = bytes.count
        if extensions != .none {
            Self.appendOPT(dnssecOK: question.dnssecOK, token: extensions == .guarded ? token : nil, to: &bytes)
        }
        self.bytes = bytes
        self.extensions = extensions
    }

    var id: UInt16 { UInt16(bytes[0]) << 8 | UInt16(bytes[1]) }

    /// The same query under another id, for a connection on which the id is in use.
    init(_ other: QueryImage, id: UInt16) {
        var bytes = other.bytes
        bytes[0] = UInt8(truncatingIfNeeded: id >> 8)
        bytes[1] = UInt8(truncatingIfNeeded: id)
        self.bytes = bytes
        questionEnd = other.questionEnd
        extensions = other.extensions
    }

    private static func appendMixedCase(
        _ name: DomainName, to bytes: inout [UInt8], random: inout some RandomNumberGenerator
    ) {
        var bits: UInt64 = 0
        var left = 0
        for byte in name.wire {
            // Length bytes are at most 63 and no letters.
            guard byte | 0x20 >= UInt8(ascii: "a"), byte | 0x20 <= UInt8(ascii: "z") else {
                bytes.append(byte)
                continue
            }
            if left == 0 { (bits, left) = (random.next(), 64) }
            bytes.append(bits & 1 == 0 ? byte | 0x20 : byte & ~0x20)
            bits >>= 1
            left -= 1
        }
    }

    private static func appendOPT(dnssecOK: Bool, token: [UInt8]?, to bytes: inout [UInt8]) {
        bytes.append(0)
        bytes.append(big: RecordType.opt.rawValue)
        bytes.append(big: payloadSize)
        bytes.append(big: 0)
        bytes.append(big: dnssecOK ? 0x8000 : 0)
        guard let token else {
            bytes.append(big: 0)
            return
        }
        let length = UInt16(truncatingIfNeeded: token.count)
        bytes.append(big: length + 4)
        bytes.append(big: LoopGuard.optionCode)
        bytes.append(big: length)
        bytes += token
    }
}

extension [UInt8] {
    /// In network byte order.
    fileprivate mutating func append(big value: UInt16) {
        append(UInt8(truncatingIfNeeded: value >> 8))
        append(UInt8(truncatingIfNeeded: value))
    }
}
