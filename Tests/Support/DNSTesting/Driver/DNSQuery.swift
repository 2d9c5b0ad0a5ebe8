package import DNSWire

/// A question as bytes, every field of which can be made wrong.
package struct DNSQuery: Sendable {
    package var id: UInt16 = 0x4657
    /// The second 16 bits of the header: RD.
    package var flags: UInt16 = 0x0100
    package var name: [UInt8]
    package var type: UInt16
    package var recordClass: UInt16 = 1
    /// Nil: without OPT.
    package var edns: EDNS?
    /// QDCOUNT, ANCOUNT, NSCOUNT, ARCOUNT; nil: those of what is there.
    package var counts: [UInt16]?
    /// Behind the question, before OPT, counted in `counts` only where that is given.
    package var tail: [UInt8] = []

    package init(_ name: DomainName, _ type: RecordType, edns: EDNS? = nil) {
        self.name = name.wire
        self.type = type.rawValue
        self.edns = edns
    }

    package func with(_ change: (inout DNSQuery) -> Void) -> DNSQuery {
        var copy = self
        change(&copy)
        return copy
    }

    package var header: [UInt8] {
        let counts = counts ?? [1, 0, 0, edns == nil ? 0 : 1]
        return ([id, flags] + counts).flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
    }

    package var question: [UInt8] { name + [type, recordClass].flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] } }

    package var bytes: [UInt8] { header + question + tail + (edns.map { DNSQuery.option($0) } ?? []) }

    /// OPT with its owner (RFC 6891 section 6.1.2).
    package static func option(_ edns: EDNS, owner: [UInt8] = [0]) -> [UInt8] {
        let options = edns.options.flatMap { option in
            [option.code, UInt16(option.data.count)].flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] } + option.data
        }
        let size = edns.payloadSize
        return owner + [0, 41, UInt8(size >> 8), UInt8(size & 0xFF), 0, edns.version, edns.dnssecOK ? 0x80 : 0, 0]
            + [UInt8(options.count >> 8), UInt8(options.count & 0xFF)] + options
    }

    /// A record for where none belongs.
    package static func record(owner: [UInt8] = [0], type: UInt16 = 1, data: [UInt8] = [192, 0, 2, 1]) -> [UInt8] {
        owner + [UInt8(type >> 8), UInt8(type & 0xFF), 0, 1, 0, 0, 0, 30, 0, UInt8(data.count)] + data
    }
}
