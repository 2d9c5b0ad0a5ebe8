import NetworkTypes

extension NftablesElement {
    /// The element as nft would write it in a set of that shape: `KEY . KEY : DATA`, with `FIRST-LAST` for a
    /// field that is a range.
    package func text(in set: NftablesSet) -> String {
        var text = NftablesField.text(
            of: key, to: keyEnd ?? key, as: set.key, isNetworkOrder: set.isConcatenatedInterval)
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
    ///
    /// - Parameters:
    ///   - last: the end of the range that begins with `bytes`, field by field; nil for a single value.
    ///   - isNetworkOrder: integers of the host are in network order, as in concatenated intervals.
    static func text(
        of bytes: [UInt8], to last: [UInt8]? = nil, as fields: [NftablesField], isNetworkOrder: Bool = false
    ) -> String {
        let last = last ?? bytes
        guard !fields.isEmpty, bytes.count >= byteCount(of: fields), last.count == bytes.count else {
            return hexadecimal(bytes) + (last == bytes ? "" : "-" + hexadecimal(last))
        }
        var parts: [String] = []
        var position = 0
        for field in fields {
            let place = position..<position + field.byteCount
            let ends = [bytes[place], last[place]].map { field.text(of: $0, isNetworkOrder: isNetworkOrder) }
            parts.append(ends[0] == ends[1] ? ends[0] : ends.joined(separator: "-"))
            position += field.paddedByteCount
        }
        return parts.joined(separator: " . ")
    }

    private func text(of bytes: ArraySlice<UInt8>, isNetworkOrder: Bool) -> String {
        let networkOrder = bytes.reduce(UInt32(0)) { $0 &<< 8 | UInt32($1) }
        let integer = isNetworkOrder ? networkOrder : UInt32(bigEndian: networkOrder)
        switch self {
        case .sourceAddress, .destinationAddress:
            return IPAddress(networkBytes: bytes)?.description ?? NftablesField.hexadecimal(Array(bytes))
        case .transportProtocol:
            let number = bytes.first ?? 0
            return TransportProtocol(rawValue: number)?.description ?? String(number)
        case .destinationPort:
            return String(networkOrder)
        case .index:
            return String(integer)
        case .priority:
            return String(integer >> 16, radix: 16) + ":" + String(integer & 0xffff, radix: 16)
        case .mark:
            return "0x" + String(integer, radix: 16)
        }
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        "0x" + bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
