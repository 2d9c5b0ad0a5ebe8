import NetworkTypes

extension NftablesElement {
    /// The element as nft would write it in a set of that shape: `KEY . KEY : DATA`.
    package func text(in set: NftablesSet) -> String {
        var text = NftablesField.text(of: key, as: set.key)
        if let keyEnd { text += "-" + NftablesField.text(of: keyEnd, as: set.key) }
        if isIntervalEnd { text += " (end of interval)" }
        switch (data, set.data) {
        case (.verdict(let verdict), _): text += " : \(verdict.text)"
        case (.value(let bytes), .fields(let fields)): text += " : " + NftablesField.text(of: bytes, as: fields)
        case (.value(let bytes), _): text += " : " + NftablesField.text(of: bytes, as: [])
        case (nil, _): break
        }
        return text
    }
}

extension NftablesVerdict {
    /// The verdict as nft writes it.
    package var text: String {
        switch self {
        case .accept: "accept"
        case .drop: "drop"
        case .continue: "continue"
        case .return: "return"
        case .jump(let chain): "jump \(chain)"
        case .goto(let chain): "goto \(chain)"
        }
    }
}

extension NftablesField {
    /// Several fields joined with ` . `; what does not fit the fields is printed as hexadecimal.
    static func text(of bytes: [UInt8], as fields: [NftablesField]) -> String {
        guard !fields.isEmpty, bytes.count >= byteCount(of: fields) else { return hexadecimal(bytes) }
        var parts: [String] = []
        var position = 0
        for field in fields {
            parts.append(field.text(of: bytes[position..<position + field.byteCount]))
            position += field.paddedByteCount
        }
        return parts.joined(separator: " . ")
    }

    private func text(of bytes: ArraySlice<UInt8>) -> String {
        switch self {
        case .sourceAddress, .destinationAddress:
            return IPAddress(networkBytes: bytes)?.description ?? NftablesField.hexadecimal(Array(bytes))
        case .transportProtocol:
            let number = bytes.first ?? 0
            return TransportProtocol(rawValue: number)?.description ?? String(number)
        case .destinationPort:
            return String(bytes.reduce(0) { $0 << 8 | UInt32($1) })
        case .index:
            return String(NftablesField.hostInteger(bytes))
        case .priority:
            let value = NftablesField.hostInteger(bytes)
            return String(value >> 16, radix: 16) + ":" + String(value & 0xffff, radix: 16)
        case .mark:
            return "0x" + String(NftablesField.hostInteger(bytes), radix: 16)
        }
    }

    private static func hostInteger(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        let networkOrder = bytes.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        return UInt32(bigEndian: networkOrder)
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        "0x" + bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
