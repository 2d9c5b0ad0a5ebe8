package import DNSWire
internal import NetworkTypes

/// `[TTL] [CLASS] TYPE RDATA`: one record's end in zone text, read by these tests' own means, not by what they test.
package struct ZoneLine: Sendable, Hashable {
    package var timeToLive: UInt32?
    package var data: RecordData

    /// - Parameter origin: what names without a final dot end in.
    /// - Returns: nil where it is none, or of a type that these tests do not read.
    package init?(_ text: Substring, origin: DomainName) {
        var words = ZoneLine.words(text)[...]
        if let seconds = words.first.flatMap({ UInt32($0) }) {
            timeToLive = seconds
            words.removeFirst()
        }
        if words.first == "IN" { words.removeFirst() }
        guard let type = words.popFirst().flatMap({ RecordType($0) }),
            let data = ZoneLine.data(type, Array(words), origin)
        else { return nil }
        self.data = data
    }

    /// The name of a whole line, and what stands behind it.
    package static func record(_ line: Substring, origin: DomainName) -> ResourceRecord? {
        guard let end = line.firstIndex(where: \.isWhitespace), let name = name(line[..<end], origin),
            let rest = ZoneLine(line[end...], origin: origin), let seconds = rest.timeToLive
        else { return nil }
        return ResourceRecord(name: name, timeToLive: seconds, data: rest.data)
    }

    /// A name, absolute with a final dot, else within `origin`.
    package static func name(_ text: some StringProtocol, _ origin: DomainName) -> DomainName? {
        if text == "@" { return origin }
        return text.hasSuffix(".") ? DomainName(String(text)) : DomainName("\(text).\(origin)")
    }

    /// Split at white space; what is in quotes is one word and keeps its first quote.
    static func words(_ text: Substring) -> [String] {
        var words: [String] = []
        var isQuoted = false
        var isInWord = false
        for character in text {
            if character == "\"" {
                isQuoted.toggle()
                if isQuoted { words.append("\"") }
                isInWord = isQuoted
            } else if character.isWhitespace && !isQuoted {
                isInWord = false
            } else if isInWord {
                words[words.count - 1].append(character)
            } else {
                words.append(String(character))
                isInWord = true
            }
        }
        return words
    }

    private static func data(_ type: RecordType, _ words: [String], _ origin: DomainName) -> RecordData? {
        switch (type, words.count) {
        case (.a, 1), (.aaaa, 1):
            guard let address = IPAddress(words[0]), (address.family == .ipv4) == (type == .a) else { return nil }
            return .address(address)
        case (.cname, 1): return name(words[0], origin).map { .cname($0) }
        case (.ns, 1): return name(words[0], origin).map { .ns($0) }
        case (.ptr, 1): return name(words[0], origin).map { .ptr($0) }
        case (.srv, 4):
            guard let priority = UInt16(words[0]), let weight = UInt16(words[1]), let port = UInt16(words[2]),
                let target = name(words[3], origin)
            else { return nil }
            return .srv(ServiceLocation(priority: priority, weight: weight, port: port, target: target))
        case (.txt, 1...): return .txt(words.map { Array(($0.hasPrefix("\"") ? String($0.dropFirst()) : $0).utf8) })
        case (.hinfo, 2):
            let texts = words.map { Array(($0.hasPrefix("\"") ? String($0.dropFirst()) : $0).utf8) }
            return .hinfo(cpu: texts[0], os: texts[1])
        case (.soa, 7): return startOfAuthority(words, origin)
        default: return nil
        }
    }

    private static func startOfAuthority(_ words: [String], _ origin: DomainName) -> RecordData? {
        let numbers = words[2...].compactMap { UInt32($0) }
        guard let server = name(words[0], origin), let mailbox = name(words[1], origin), numbers.count == 5 else {
            return nil
        }
        return .soa(
            StartOfAuthority(
                primaryServer: server, mailbox: mailbox, serial: numbers[0], refresh: numbers[1], retry: numbers[2],
                expire: numbers[3], minimum: numbers[4]))
    }
}
