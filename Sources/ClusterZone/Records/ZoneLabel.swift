internal import NetworkTypes

/// Bytes of one label of a name, made from what objects say.
enum ZoneLabel {
    /// The text with ASCII letters in lower case.
    static func lowercased(_ text: String) -> [UInt8] {
        text.utf8.map { $0 &- UInt8(ascii: "A") < 26 ? $0 | 0x20 : $0 }
    }

    /// What an endpoint without a hostname is called: its address with dashes for dots and colons, and one more `0`
    /// where that would end in a dash (`fd00:17:8::` is `fd00-17-8--0`), because no host name ends in one (RFC 1123
    /// section 2.1).
    static func dashed(_ address: IPAddress) -> [UInt8] {
        if let v4 = address.v4 { return dashed(v4) }
        var label = address.description.utf8.map { byte in
            byte == UInt8(ascii: ":") || byte == UInt8(ascii: ".") ? UInt8(ascii: "-") : byte
        }
        if label.last == UInt8(ascii: "-") { label.append(UInt8(ascii: "0")) }
        return label
    }

    private static func dashed(_ v4: UInt32) -> [UInt8] {
        var label: [UInt8] = []
        label.reserveCapacity(15)
        for shift in [24, 16, 8, 0] as [UInt32] {
            let octet = UInt8(truncatingIfNeeded: v4 >> shift)
            if shift != 24 { label.append(UInt8(ascii: "-")) }
            if octet >= 100 { label.append(UInt8(ascii: "0") + octet / 100) }
            if octet >= 10 { label.append(UInt8(ascii: "0") + octet / 10 % 10) }
            label.append(UInt8(ascii: "0") + octet % 10)
        }
        return label
    }
}
