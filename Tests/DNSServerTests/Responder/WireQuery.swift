import DNSWire

/// A request as bytes, also one that no resolver would send.
struct WireQuery {
    var id: UInt16 = 0x1234
    var flags: UInt16 = 0x0100
    var name: [UInt8]
    var type: UInt16
    var recordClass: UInt16 = 1
    var counts: [UInt16]
    var tail: [UInt8] = []

    init(_ name: String, _ type: RecordType = .a, edns: UInt16? = nil, dnssecOK: Bool = false, options: [UInt8] = []) {
        self.name = DomainName(name)?.wire ?? []
        self.type = type.rawValue
        counts = [1, 0, 0, 0]
        guard let edns else { return }
        counts[3] = 1
        tail = Self.opt(payload: edns, dnssecOK: dnssecOK, options: options)
    }

    static func opt(
        payload: UInt16 = 1232, version: UInt8 = 0, dnssecOK: Bool = false, owner: [UInt8] = [0], options: [UInt8] = []
    ) -> [UInt8] {
        owner + big(41) + big(payload) + [0, version, dnssecOK ? 0x80 : 0, 0] + big(UInt16(options.count)) + options
    }

    static func big(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 255)] }

    var bytes: [UInt8] {
        Self.big(id) + Self.big(flags) + counts.flatMap(Self.big) + name + Self.big(type) + Self.big(recordClass) + tail
    }
}
