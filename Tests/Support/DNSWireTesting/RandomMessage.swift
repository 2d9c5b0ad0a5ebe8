package import DNSWire
internal import NetworkTypes
internal import RandomTesting

/// Messages that decoding can give, decided by a seed.
package struct RandomMessage {
    private var random: SplitMix64
    private var names: [DomainName] = [.root]

    package init(seed: UInt64) {
        random = SplitMix64(seed: seed)
        for _ in 0..<6 { names.append(newName()) }
    }

    package mutating func message() -> Message {
        let hasEDNS = !random.oneIn(3)
        let code = UInt16.random(in: 0..<(hasEDNS ? 4096 : 16), using: &random)
        return Message(
            id: .random(in: 0 ... .max, using: &random),
            flags: MessageFlags(rawValue: UInt16.random(in: 0 ... .max, using: &random) & 0xFFF0),
            responseCode: ResponseCode(rawValue: code),
            questions: many(2) { Question(name: $0.name(), type: $0.type(), recordClass: $0.recordClass()) },
            answers: many(40) { $0.record() }, authorities: many(4) { $0.record() },
            additionals: many(8) { $0.record() }, edns: hasEDNS ? edns() : nil)
    }

    private mutating func many<Element>(_ limit: Int, _ make: (inout Self) -> Element) -> [Element] {
        (0..<Int.random(in: 0...limit, using: &random)).map { _ in make(&self) }
    }

    private mutating func edns() -> EDNS {
        EDNS(
            payloadSize: .random(in: 0 ... .max, using: &random), version: .random(in: 0...1, using: &random),
            dnssecOK: random.oneIn(2),
            options: many(3) { EDNSOption(code: .random(in: 0...20, using: &$0.random), data: $0.bytes(0...40)) })
    }

    package mutating func record() -> ResourceRecord {
        let data = data()
        return ResourceRecord(
            name: name(), timeToLive: .random(in: 0 ... .max, using: &random), data: data)
    }

    private mutating func data() -> RecordData {
        switch Int.random(in: 0..<12, using: &random) {
        case 0: .address(IPAddress(v4: .random(in: 0 ... .max, using: &random)))
        case 1: .address(IPAddress(bits: .random(in: 0 ... .max, using: &random), family: .ipv6))
        case 2: .ns(name())
        case 3: .cname(name())
        case 4: .ptr(name())
        case 5: .soa(authority())
        case 6: .srv(ServiceLocation(priority: number(), weight: number(), port: number(), target: name()))
        case 7: .txt([bytes(0...255)] + many(3) { $0.bytes(0...20) })
        case 8: .hinfo(cpu: bytes(0...9), os: bytes(0...255))
        case 9: .opaque(.mx, bytes(2...2) + name().wire)
        case 10: .opaque(RecordType(rawValue: 14), name().wire + name().wire)
        default: .opaque(RecordType(rawValue: .random(in: 300 ... .max, using: &random)), bytes(0...80))
        }
    }

    private mutating func authority() -> StartOfAuthority {
        StartOfAuthority(
            primaryServer: name(), mailbox: name(), serial: .random(in: 0 ... .max, using: &random), refresh: 7200,
            retry: 1800, expire: 86400, minimum: .random(in: 0...30, using: &random))
    }

    private mutating func number() -> UInt16 { .random(in: 0 ... .max, using: &random) }

    private mutating func bytes(_ counts: ClosedRange<Int>) -> [UInt8] {
        (0..<Int.random(in: counts, using: &random)).map { _ in .random(in: 0 ... .max, using: &random) }
    }

    private mutating func type() -> RecordType { RecordType(rawValue: .random(in: 1...260, using: &random)) }

    private mutating func recordClass() -> RecordClass { random.oneIn(8) ? .chaos : .internet }

    /// Mostly one that was there before, or with a label more, sometimes in another case.
    private mutating func name() -> DomainName {
        if random.oneIn(3) { names.append(newName()) }
        let name = names[Int.random(in: 0..<names.count, using: &random)]
        return random.oneIn(6) ? name.lowercased : name
    }

    private mutating func newName() -> DomainName {
        let parent = names[Int.random(in: 0..<names.count, using: &random)]
        let label = random.oneIn(10) ? bytes(1...63) : Array(["Web", "db", "_tcp", "svc", "x"][Int.random(in: 0..<5, using: &random)].utf8)
        return parent.prepending(label) ?? parent
    }
}
