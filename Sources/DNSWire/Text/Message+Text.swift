extension Message: CustomStringConvertible {
    /// The message in the manner of dig: header, OPT, and the sections that are not empty.
    public var description: String {
        var lines = [
            ";; opcode: \(opcodeName), status: \(responseCode), id: \(id)",
            ";; flags:\(flags.mnemonics); QUERY: \(questions.count), ANSWER: \(answers.count), "
                + "AUTHORITY: \(authorities.count), ADDITIONAL: \(additionals.count + (edns == nil ? 0 : 1))",
        ]
        if let edns { lines += edns.lines }
        Self.append(";; QUESTION:", questions.map { ";\($0)" }, to: &lines)
        Self.append(";; ANSWER:", answers.map(\.description), to: &lines)
        Self.append(";; AUTHORITY:", authorities.map(\.description), to: &lines)
        Self.append(";; ADDITIONAL:", additionals.map(\.description), to: &lines)
        return lines.joined(separator: "\n")
    }

    private static func append(_ title: String, _ section: [String], to lines: inout [String]) {
        if !section.isEmpty { lines += [title] + section }
    }

    private var opcodeName: String {
        switch flags.opcode {
        case 0: "QUERY"
        case 1: "IQUERY"
        case 2: "STATUS"
        case 4: "NOTIFY"
        case 5: "UPDATE"
        default: "OPCODE\(flags.opcode)"
        }
    }
}

extension Question: CustomStringConvertible {
    /// `name class type`.
    public var description: String { "\(name) \(recordClass) \(type)" }
}

extension MessageFlags {
    /// Each after a space.
    fileprivate var mnemonics: String {
        let names: [(MessageFlags, String)] = [
            (.response, "qr"), (.authoritative, "aa"), (.truncated, "tc"), (.recursionDesired, "rd"),
            (.recursionAvailable, "ra"), (.authenticData, "ad"), (.checkingDisabled, "cd"),
        ]
        return names.filter { contains($0.0) }.map { " " + $0.1 }.joined()
    }
}

extension EDNS {
    fileprivate var lines: [String] {
        ["; EDNS: version: \(version), flags:\(dnssecOK ? " do" : ""); udp: \(payloadSize)"]
            + options.map { "; OPT=\($0.code): \(Hexadecimal.text($0.data))" }
    }
}
