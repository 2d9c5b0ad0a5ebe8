internal import DNSWire
internal import NetworkNamespaceTesting

/// What dig and kdig print, read back as a message.
struct DigOutput {
    private(set) var message = Message(id: 0)
    private enum Section { case none, question, answer, authority, additional }
    private var section = Section.none
    private var hasHeader = false

    private static let codes: [String: ResponseCode] = [
        "NOERROR": .noError, "FORMERR": .formatError, "SERVFAIL": .serverFailure, "NXDOMAIN": .nameError,
        "NOTIMP": .notImplemented, "NOTIMPL": .notImplemented, "REFUSED": .refused, "BADVERS": .badVersion,
    ]
    private static let flags: [String: MessageFlags] = [
        "qr": .response, "aa": .authoritative, "tc": .truncated, "rd": .recursionDesired, "ra": .recursionAvailable,
        "ad": .authenticData, "cd": .checkingDisabled,
    ]

    init(_ text: String) throws {
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) { try read(line) }
        guard hasHeader else { throw TestSupportError("no answer in:\n\(text)") }
    }

    private mutating func read(_ line: Substring) throws {
        let lower = line.lowercased()
        if lower.contains("malformed") || lower.hasPrefix(";; warning: message") || lower.contains("extra bytes") {
            throw TestSupportError("\(line)")
        }
        if lower.hasPrefix(";; ->>header<<-") {
            try readHeader(line)
        } else if lower.hasPrefix(";; flags:") {
            readFlags(line)
        } else if lower.hasPrefix(";; "), !readTitle(lower) {
            readQuestion(line.dropFirst(3))
        } else if section == .question, line.hasPrefix(";"), !lower.hasPrefix(";; ") {
            readQuestion(line.dropFirst())
        } else if !line.isEmpty, !line.hasPrefix(";") {
            try readRecord(line)
        }
    }

    private mutating func readHeader(_ line: Substring) throws {
        let words = line.split { " ;,".contains($0) }
        guard let index = words.firstIndex(of: "status:"), index + 1 < words.count,
            let code = Self.codes[String(words[index + 1])]
        else { throw TestSupportError("no status in \(line)") }
        message.responseCode = code
        hasHeader = true
    }

    private mutating func readFlags(_ line: Substring) {
        let words = line.dropFirst(";; flags:".count).prefix { $0 != ";" && $0 != "Q" }.lowercased()
        for word in words.split(separator: " ") { message.flags.formUnion(Self.flags[String(word)] ?? []) }
    }

    /// False where it is none: kdig writes the question so too.
    private mutating func readTitle(_ line: String) -> Bool {
        if line.contains("question section") {
            section = .question
        } else if line.contains("answer section") {
            section = .answer
        } else if line.contains("authority section") {
            section = .authority
        } else if line.contains("additional section") {
            section = .additional
        } else {
            return false
        }
        return true
    }

    private mutating func readQuestion(_ line: Substring) {
        guard section == .question else { return }
        let words = line.split(whereSeparator: \.isWhitespace)
        guard words.count == 3, let name = DomainName(String(words[0])), let type = RecordType(String(words[2])) else {
            return
        }
        message.questions.append(Question(name: name, type: type))
    }

    private mutating func readRecord(_ line: Substring) throws {
        guard let record = ZoneLine.record(line, origin: .root) else {
            throw TestSupportError("not understood: \(line)")
        }
        switch section {
        case .answer: message.answers.append(record)
        case .authority: message.authorities.append(record)
        case .additional: message.additionals.append(record)
        case .none, .question: throw TestSupportError("a record outside of sections: \(line)")
        }
    }
}
