import DNSWire
import NetworkTypes

/// A reply taken apart by itself, so that it does not depend on the code that is tested.
struct WireReply {
    let bytes: [UInt8]
    let id: UInt16
    let flags: UInt16
    /// As text: `name TTL type data`, by section.
    private(set) var answers: [String] = []
    private(set) var authorities: [String] = []
    private(set) var additionals: [String] = []
    private(set) var question = ""
    /// Payload size, upper bits of the code, DO.
    private(set) var opt: (payload: UInt16, code: UInt8, dnssecOK: Bool, options: [UInt8])?

    var code: Int { Int(flags & 15) | Int(opt?.code ?? 0) << 4 }
    var isAuthoritative: Bool { flags & 0x0400 != 0 }
    var isTruncated: Bool { flags & 0x0200 != 0 }
    var offersRecursion: Bool { flags & 0x0080 != 0 }

    struct Malformed: Error {}

    init(_ bytes: [UInt8]) throws {
        self.bytes = bytes
        guard bytes.count >= 12 else { throw Malformed() }
        func word(_ offset: Int) -> UInt16 { UInt16(bytes[offset]) << 8 | UInt16(bytes[offset + 1]) }
        id = word(0)
        flags = word(2)
        var offset = 12
        if word(4) == 1 {
            let name = try Self.name(bytes, &offset)
            question = "\(name) \(RecordType(rawValue: word(offset)))"
            offset += 4
        }
        for _ in 0..<word(6) { answers.append(try record(&offset)) }
        for _ in 0..<word(8) { authorities.append(try record(&offset)) }
        for _ in 0..<word(10) {
            let text = try record(&offset)
            if !text.isEmpty { additionals.append(text) }
        }
        guard offset == bytes.count else { throw Malformed() }
    }

    private static func name(_ bytes: [UInt8], _ offset: inout Int) throws -> DomainName {
        var labels: [[UInt8]] = []
        var place = offset
        var isInline = true
        for _ in 0..<300 {
            guard place < bytes.count else { throw Malformed() }
            let length = Int(bytes[place])
            if length >= 0xC0 {
                guard place + 1 < bytes.count else { throw Malformed() }
                if isInline { offset = place + 2 }
                isInline = false
                let target = (length & 0x3F) << 8 | Int(bytes[place + 1])
                guard target < place else { throw Malformed() }
                place = target
            } else if length == 0 {
                if isInline { offset = place + 1 }
                guard let name = DomainName(labels: labels) else { throw Malformed() }
                return name
            } else {
                guard place + 1 + length <= bytes.count else { throw Malformed() }
                labels.append(Array(bytes[(place + 1)...(place + length)]))
                place += 1 + length
            }
        }
        throw Malformed()
    }

    private mutating func record(_ offset: inout Int) throws -> String {
        let owner = try Self.name(bytes, &offset)
        guard offset + 10 <= bytes.count else { throw Malformed() }
        func word(_ offset: Int) -> UInt16 { UInt16(bytes[offset]) << 8 | UInt16(bytes[offset + 1]) }
        func long(_ offset: Int) -> UInt32 { UInt32(word(offset)) << 16 | UInt32(word(offset + 2)) }
        let type = RecordType(rawValue: word(offset))
        let start = offset + 10
        let end = start + Int(word(offset + 8))
        guard end <= bytes.count else { throw Malformed() }
        defer { offset = end }
        if type == .opt {
            guard opt == nil else { throw Malformed() }
            opt = (word(offset + 2), bytes[offset + 4], bytes[offset + 6] & 0x80 != 0, Array(bytes[start..<end]))
            return ""
        }
        let timeToLive = long(offset + 4)
        var place = start
        let data: String
        switch type {
        case .a, .aaaa: data = IPAddress(networkBytes: bytes[start..<end]).map { "\($0)" } ?? "bad"
        case .cname, .ns, .ptr: data = "\(try Self.name(bytes, &place))"
        case .srv:
            place += 6
            data = "\(word(start)) \(word(start + 2)) \(word(start + 4)) \(try Self.name(bytes, &place))"
        case .soa:
            let (server, mailbox) = (try Self.name(bytes, &place), try Self.name(bytes, &place))
            let numbers = (0..<5).map { String(long(place + 4 * $0)) }
            data = "\(server) \(mailbox) " + numbers.joined(separator: " ")
            place += 20
        case .txt:
            var strings: [String] = []
            while place < end {
                strings.append("\"" + String(decoding: bytes[(place + 1)...(place + Int(bytes[place]))], as: UTF8.self) + "\"")
                place += 1 + Int(bytes[place])
            }
            data = strings.joined(separator: " ")
        default: data = "\\# \(end - start)"
        }
        if [.cname, .ns, .ptr, .srv, .soa].contains(type), place != end { throw Malformed() }
        return "\(owner) \(timeToLive) \(type) \(data)"
    }
}
