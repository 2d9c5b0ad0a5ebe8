internal import NetworkTypes

/// The first label of a pod's name, which is its address with dashes: `10-0-0-1`, `fd00--5`.
enum PodName {
    /// Nil where it is not the one way to write an address with decimal octets, or not an IPv6 address.
    static func address(_ label: UnsafeRawBufferPointer) -> IPAddress? {
        // SAFETY: both read within the buffer.
        if let value = unsafe version4(label) { return IPAddress(v4: value) }
        return unsafe version6(label).map { IPAddress(bits: $0, family: .ipv6) }
    }

    private static func version4(_ label: UnsafeRawBufferPointer) -> UInt32? {
        var value: UInt32 = 0
        var octet: UInt32 = 0
        var digits = 0
        var octets = 0
        // SAFETY: iterates within the buffer.
        for unsafe byte in unsafe label {
            if byte == UInt8(ascii: "-") {
                guard digits > 0, octets < 3 else { return nil }
                value = value << 8 | octet
                (octet, digits, octets) = (0, 0, octets + 1)
            } else {
                guard byte &- UInt8(ascii: "0") < 10, digits == 0 || octet > 0 else { return nil }
                octet = octet * 10 + UInt32(byte - UInt8(ascii: "0"))
                digits += 1
                guard octet <= 255 else { return nil }
            }
        }
        return octets == 3 && digits > 0 ? value << 8 | octet : nil
    }

    /// Groups of up to four hexadecimal digits; two dashes stand once for the groups that are 0.
    private static func version6(_ label: UnsafeRawBufferPointer) -> UInt128? {
        var front: UInt128 = 0
        var back: UInt128 = 0
        var (frontGroups, backGroups) = (0, 0)
        var hasGap = false
        var index = 0
        // SAFETY: every index is compared with the count first.
        let count = label.count
        while index < count {
            if unsafe label[index] == UInt8(ascii: "-") {
                let isDouble = unsafe index + 1 < count && label[index + 1] == UInt8(ascii: "-")
                if isDouble {
                    guard !hasGap else { return nil }
                    hasGap = true
                    index += 2
                    continue
                }
                // One dash stands between two groups.
                guard frontGroups + backGroups > 0, index > 0, index + 1 < count else { return nil }
                if hasGap, backGroups == 0 { return nil }
                index += 1
            }
            // SAFETY: the index is below the count.
            guard let (group, digits) = unsafe group(label, index) else { return nil }
            if hasGap { (back, backGroups) = (back << 16 | group, backGroups + 1) }
            else { (front, frontGroups) = (front << 16 | group, frontGroups + 1) }
            index += digits
            guard frontGroups + backGroups <= 8 else { return nil }
        }
        let groups = frontGroups + backGroups
        guard hasGap ? groups < 8 : groups == 8 else { return nil }
        return hasGap ? (frontGroups == 0 ? 0 : front << UInt128(16 * (8 - frontGroups))) | back : front
    }

    private static func group(_ label: UnsafeRawBufferPointer, _ start: Int) -> (UInt128, Int)? {
        var value: UInt128 = 0
        var index = start
        // SAFETY: the index is compared with the count first.
        while index < label.count {
            let byte = unsafe label[index]
            let digit: UInt8
            if byte &- UInt8(ascii: "0") < 10 { digit = byte - UInt8(ascii: "0") }
            else if byte &- UInt8(ascii: "a") < 6 { digit = byte - UInt8(ascii: "a") + 10 }
            else { break }
            value = value << 4 | UInt128(digit)
            index += 1
            guard index - start <= 4 else { return nil }
        }
        return index == start ? nil : (value, index - start)
    }
}
