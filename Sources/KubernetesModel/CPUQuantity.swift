/// CPU amounts as `resource.Quantity` writes them, in millicores.
package enum CPUQuantity {
    /// Parses `4`, `1.5`, `3920m`, `2k`, `250000u`, `1e3`; rounds up to whole millicores as the API does.
    /// Nil for other text, negative amounts and those past 2^63 - 1.
    package static func milliCPU(_ text: String) -> Int64? {
        var rest = Substring(text).utf8
        if rest.first == UInt8(ascii: "+") { rest.removeFirst() }
        var digits: Int64 = 0
        var scale = 3
        var count = 0
        var seenPoint = false
        while let byte = rest.first {
            if byte == UInt8(ascii: "."), !seenPoint {
                seenPoint = true
            } else if (0x30...0x39).contains(byte) {
                let (product, overflow) = digits.multipliedReportingOverflow(by: 10)
                let (sum, carried) = product.addingReportingOverflow(Int64(byte - 0x30))
                guard !overflow, !carried else { return nil }
                digits = sum
                count += 1
                if seenPoint { scale -= 1 }
            } else {
                break
            }
            rest.removeFirst()
        }
        guard count > 0, let exponent = exponent(Substring(rest)) else { return nil }
        return scaled(digits, by: scale + exponent)
    }

    /// `4` or `3920m`.
    package static func text(milliCPU value: Int64) -> String {
        value % 1000 == 0 ? String(value / 1000) : "\(value)m"
    }

    private static func exponent(_ suffix: Substring) -> Int? {
        switch suffix {
        case "n": return -9
        case "u": return -6
        case "m": return -3
        case "": return 0
        case "k": return 3
        case "M": return 6
        case "G": return 9
        default:
            guard let first = suffix.first, first == "e" || first == "E" else { return nil }
            guard let value = Int(suffix.dropFirst()), (-18...18).contains(value) else { return nil }
            return value
        }
    }

    private static func scaled(_ digits: Int64, by exponent: Int) -> Int64? {
        var value = digits
        if exponent >= 0 {
            for _ in 0..<exponent {
                let (product, overflow) = value.multipliedReportingOverflow(by: 10)
                guard !overflow else { return nil }
                value = product
            }
            return value
        }
        var lost = false
        for _ in 0..<min(-exponent, 20) {
            lost = lost || value % 10 != 0
            value /= 10
        }
        return lost ? value + 1 : value
    }
}
