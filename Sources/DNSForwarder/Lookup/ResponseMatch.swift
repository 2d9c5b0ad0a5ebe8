/// Whether bytes that arrived are the answer to a query.
enum ResponseMatch: Equatable {
    /// Not to this query: waited past.
    case foreign
    /// Right but for the case of the question's letters: forged, or from a server that changes case.
    case otherCase
    /// TC is set.
    case truncated
    /// An answer without its question, as servers give that could not read the query; only FORMERR and NOTIMP.
    case bareFailure
    case answer

    /// Looks at header and question only; constant work.
    init(of response: some RandomAccessCollection<UInt8>, to query: QueryImage) {
        let bytes = Array(response.prefix(query.questionEnd))
        guard bytes.count >= QueryImage.headerByteCount, bytes[0] == query.bytes[0], bytes[1] == query.bytes[1],
            bytes[2] & 0xF8 == 0x80
        else {
            self = .foreign
            return
        }
        let rcode = bytes[3] & 0xF
        if bytes[4] == 0, bytes[5] == 0 {
            self = rcode == 1 || rcode == 4 ? .bareFailure : .foreign
            return
        }
        guard bytes[4] == 0, bytes[5] == 1, bytes.count == query.questionEnd else {
            self = .foreign
            return
        }
        switch Self.compare(bytes, query) {
        case .different: self = .foreign
        case .otherCase: self = .otherCase
        case .same: self = bytes[2] & 0x02 != 0 ? .truncated : .answer
        }
    }

    private enum Comparison { case same, otherCase, different }

    private static func compare(_ bytes: [UInt8], _ query: QueryImage) -> Comparison {
        var result = Comparison.same
        // Type and class, the last four bytes, have no case.
        let nameEnd = query.questionEnd - 4
        for index in QueryImage.headerByteCount..<query.questionEnd where bytes[index] != query.bytes[index] {
            let (a, b) = (bytes[index] | 0x20, query.bytes[index] | 0x20)
            guard index < nameEnd, a == b, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(a) else {
                return .different
            }
            result = .otherCase
        }
        return result
    }
}
