extension MessageWriter {
    mutating func append(_ value: UInt16) {
        bytes.append(UInt8(truncatingIfNeeded: value >> 8))
        bytes.append(UInt8(truncatingIfNeeded: value))
    }

    mutating func append(_ value: UInt32) {
        append(UInt16(truncatingIfNeeded: value >> 16))
        append(UInt16(truncatingIfNeeded: value))
    }

    mutating func put(_ value: UInt16, at offset: Int) {
        bytes[offset] = UInt8(truncatingIfNeeded: value >> 8)
        bytes[offset + 1] = UInt8(truncatingIfNeeded: value)
    }

    /// - Precondition: at most 255 bytes.
    mutating func append(characterString: [UInt8]) {
        precondition(characterString.count <= 255, "a character string has at most 255 bytes")
        bytes.append(UInt8(truncatingIfNeeded: characterString.count))
        bytes += characterString
    }

    /// Writes a name, with a pointer for as much of its end as stands before where `compressed` allows that; either way
    /// later names may point at it.
    mutating func append(_ name: DomainName, compressed: Bool) {
        let starts = LabelStarts(name)
        var parent = CompressionTable.root
        var known = starts.count
        while known > 0, let entry = names.find(starts.label(known - 1, of: name), before: parent, in: bytes) {
            parent = entry
            known -= 1
        }
        let start = bytes.count
        let pointer = compressed && parent != CompressionTable.root ? names.offset(of: parent) : nil
        if let pointer {
            bytes += name.wire[..<starts[known]]
            append(0xC000 | pointer)
        } else {
            bytes += name.wire
        }
        while known > 0 {
            known -= 1
            let label = starts.label(known, of: name)
            guard let entry = names.insert(label, before: parent, at: start + starts[known]) else { return }
            parent = entry
        }
    }
}

/// Where the labels of a name begin in its wire form.
private struct LabelStarts {
    private var offsets = InlineArray<128, UInt8>(repeating: 0)
    /// Labels, without the root.
    private(set) var count = 0

    init(_ name: DomainName) {
        var index = 0
        while name.wire[index] != 0 {
            offsets[count] = UInt8(truncatingIfNeeded: index)
            index += Int(name.wire[index]) + 1
            count += 1
        }
        offsets[count] = UInt8(truncatingIfNeeded: index)
    }

    /// The length byte of a label; of the root for `count`.
    subscript(index: Int) -> Int { Int(offsets[index]) }

    func label(_ index: Int, of name: DomainName) -> ArraySlice<UInt8> {
        name.wire[(self[index] + 1)..<self[index + 1]]
    }
}
