internal import DNSWire
internal import NetworkTypes

extension Node {
    /// Records of one set at most: more than any message can hold.
    static let recordLimit = 65_535

    init(_ source: ZoneNode) {
        let name = source.name.lowercased.wire
        let images = source.sets.map { SetImage($0, owner: name) }
        let bytes = images.reduce(0) { $0 + $1.records.count + $1.glue.count }
        block = Block(byteCount: Block.headerByteCount + Self.setByteCount * images.count + name.count + bytes)
        block.store(UInt8(name.count), at: 4)
        block.store(UInt8(images.count), at: 5)
        var header = Block.headerByteCount
        for image in images {
            block.store(image.type.rawValue, at: header)
            block.store(UInt16(image.count), at: header + 2)
            block.store(UInt32(image.records.count), at: header + 4)
            block.store(UInt32(image.glue.count), at: header + 8)
            header += Self.setByteCount
        }
        block.store(name, at: header)
        var offset = header + name.count
        for image in images {
            block.store(image.records, at: offset)
            block.store(image.glue, at: offset + image.records.count)
            offset += image.records.count + image.glue.count
        }
    }
}

/// A set's bytes within a node.
private struct SetImage {
    let type: RecordType
    var count = 0
    var records: [UInt8] = []
    var glue: [UInt8] = []

    init(_ set: RecordSet, owner: [UInt8]) {
        type = set.type
        switch set {
        case .a(let addresses), .aaaa(let addresses):
            let kept = addresses.prefix(Node.recordLimit)
            count = kept.count
            records = kept.flatMap(\.networkBytes)
        case .srv(let locations, let glue):
            let kept = locations.prefix(Node.recordLimit)
            for location in kept { append(Self.integers(location), location.target, owner) }
            append(glue, targets: kept.map(\.target))
        case .ns(let names, let glue):
            for name in names { append([], name, owner) }
            append(glue, targets: names)
        case .cname(let target):
            append([], target, owner)
        case .txt(let strings, let timeToLive):
            let data = strings.flatMap { [UInt8(truncatingIfNeeded: $0.count)] + $0.prefix(255) }
            records = Self.bytes(timeToLive) + Self.bytes(UInt16(data.count)) + data
            count = 1
        }
    }

    /// Adds RDATA that end in a name.
    private mutating func append(_ front: [UInt8], _ name: DomainName, _ owner: [UInt8]) {
        let (labels, pointer) = Self.compress(name, owner)
        let data = front + labels + (pointer.map { Self.bytes(UInt16($0)) } ?? [])
        records += Self.bytes(UInt16(data.count) | (pointer == nil ? 0 : Node.pointerFlag)) + data
        count += 1
    }

    /// Adds addresses: for each the index of the record whose name owns it, its length, its bytes. In the records' order.
    private mutating func append(_ glue: [RecordSet.Glue], targets: [DomainName]) {
        var indices: [DomainName: Int] = [:]
        for (index, target) in targets.enumerated() where indices[target] == nil { indices[target] = index }
        let located = glue.compactMap { item in indices[item.name].map { ($0, item.addresses) } }
        for (index, addresses) in located.sorted(by: { $0.0 < $1.0 }) {
            for address in addresses {
                self.glue += Self.bytes(UInt16(index)) + [UInt8(address.family.addressByteCount)] + address.networkBytes
            }
        }
    }

    /// A name as labels and the place in the owner's name where it goes on; without that, the whole name.
    private static func compress(_ name: DomainName, _ owner: [UInt8]) -> (labels: [UInt8], pointer: Int?) {
        // CNAME keeps its target's case, so a suffix counts only where it is the same byte by byte.
        var split = 0
        while name.wire[split] != 0 {
            let rest = name.wire[split...]
            if let place = suffix(rest, of: owner) { return (Array(name.wire[..<split]), place) }
            split += 1 + Int(name.wire[split])
        }
        return (name.wire, nil)
    }

    private static func suffix(_ rest: ArraySlice<UInt8>, of owner: [UInt8]) -> Int? {
        var offset = 0
        while owner.count - offset > rest.count { offset += 1 + Int(owner[offset]) }
        return owner.count - offset == rest.count && owner[offset...].elementsEqual(rest) ? offset : nil
    }

    private static func integers(_ location: ServiceLocation) -> [UInt8] {
        bytes(location.priority) + bytes(location.weight) + bytes(location.port)
    }

    private static func bytes<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
        // SAFETY: copied at once.
        unsafe withUnsafeBytes(of: value.bigEndian) { unsafe Array($0) }
    }
}
