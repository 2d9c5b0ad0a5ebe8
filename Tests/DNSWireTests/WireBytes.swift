import DNSWire

/// Bytes from hexadecimal digits; white space is for readers.
func wire(_ text: String) -> [UInt8] {
    let digits = text.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}

/// A header of id 0x1234, a response, with these counts.
func header(_ questions: UInt16, _ answers: UInt16 = 0, _ authorities: UInt16 = 0, _ additionals: UInt16 = 0) -> [UInt8] {
    [0x12, 0x34, 0x80, 0]
        + [questions, answers, authorities, additionals].flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }
}

/// A record with its owner as written: type, class IN, time to live 30, RDATA.
func record(_ owner: [UInt8], _ type: UInt16, _ data: [UInt8]) -> [UInt8] {
    owner + [UInt8(type >> 8), UInt8(type & 255), 0, 1, 0, 0, 0, 30, UInt8(data.count >> 8), UInt8(data.count & 255)]
        + data
}

/// A name of so many bytes in wire form: labels of 63 bytes, a shorter one, the root.
func longName(_ count: Int) -> [UInt8] {
    var name: [UInt8] = []
    while count - name.count > 65 { name += [63] + [UInt8](repeating: 0x61, count: 63) }
    let rest = count - name.count - 2
    return name + [UInt8(rest)] + [UInt8](repeating: 0x62, count: rest) + [0]
}

func name(_ text: String) -> DomainName { DomainName(text) ?? .root }

func zone(_ text: String) -> [ResourceRecord] { [ResourceRecord](zoneText: text) ?? [] }
