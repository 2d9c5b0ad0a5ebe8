internal import NetworkTypes

/// A persistent sorted table from addresses of one family to lists of names: the side that reads.
///
/// A directory of pages in order, and pages of up to 128 addresses. A change copies both: 3 KB and 24 bytes for each
/// page there is.
struct AddressTable: BitwiseCopyable, Sendable {
    var directory: Block
    var pageCount = 0
    /// Addresses.
    var count = 0

    static let pageCapacity = 128
    static let entryByteCount = 24
    static let firstEntry = 16

    /// Where an entry of a page is; the directory begins at index 0 of the same layout.
    @inline(__always) static func entry(_ index: Int) -> Int { firstEntry + entryByteCount * index }

    @inline(__always) static func key(_ block: Block, _ index: Int) -> UInt128 {
        block.load(entry(index), as: UInt128.self)
    }

    @inline(__always) static func value(_ block: Block, _ index: Int) -> Block? { block.block(entry(index) + 16) }

    @inline(__always) static func entryCount(_ page: Block) -> Int { Int(page.load(8, as: UInt32.self)) }

    /// Entries of `block` whose key is below `key`.
    @inline(__always) static func countBelow(_ key: UInt128, in block: Block, of count: Int) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if Self.key(block, middle) < key { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The page that holds `key` if any does: the last that begins at or before it, or the first.
    func pageIndex(for key: UInt128) -> Int {
        let below = Self.countBelow(key, in: directory, of: pageCount)
        if below < pageCount, Self.key(directory, below) == key { return below }
        return max(below - 1, 0)
    }

    func find(_ key: UInt128) -> NameList? {
        guard pageCount > 0, let page = Self.value(directory, pageIndex(for: key)) else { return nil }
        let count = Self.entryCount(page)
        let index = Self.countBelow(key, in: page, of: count)
        guard index < count, Self.key(page, index) == key else { return nil }
        return Self.value(page, index).map(NameList.init)
    }

    /// There is an address from `first` through `last`.
    func hasAddress(from first: UInt128, through last: UInt128) -> Bool {
        guard pageCount > 0 else { return false }
        let index = pageIndex(for: first)
        guard let page = Self.value(directory, index) else { return false }
        let count = Self.entryCount(page)
        let position = Self.countBelow(first, in: page, of: count)
        if position < count { return Self.key(page, position) <= last }
        return index + 1 < pageCount && Self.key(directory, index + 1) <= last
    }

    /// In ascending order.
    func forEach(_ body: (UInt128, NameList) throws -> Void) rethrows {
        try forEachPage { page in
            for index in 0..<Self.entryCount(page) {
                if let value = Self.value(page, index) { try body(Self.key(page, index), NameList(block: value)) }
            }
        }
    }

    func forEachPage(_ body: (Block) throws -> Void) rethrows {
        for index in 0..<pageCount {
            if let page = Self.value(directory, index) { try body(page) }
        }
    }
}

/// Byte strings in one block, for PTR the names in wire form: a count, then each with two bytes of length.
struct NameList: BitwiseCopyable, Sendable {
    let block: Block

    init(block: Block) { self.block = block }

    init(_ strings: [[UInt8]]) {
        block = Block(byteCount: Block.headerByteCount + strings.reduce(0) { $0 + 2 + $1.count })
        block.store(UInt32(strings.count), at: 4)
        var offset = Block.headerByteCount
        for string in strings {
            block.store(UInt16(string.count), at: offset)
            block.store(string, at: offset + 2)
            offset += 2 + string.count
        }
    }

    var count: Int { Int(block.load(4, as: UInt32.self)) }

    /// Until the body says false.
    @inline(__always) func forEach(_ body: (_ offset: Int, _ count: Int) -> Bool) {
        var offset = Block.headerByteCount
        for _ in 0..<count {
            let length = Int(block.load(offset, as: UInt16.self))
            guard body(offset + 2, length) else { return }
            offset += 2 + length
        }
    }

    var strings: [[UInt8]] {
        var result: [[UInt8]] = []
        forEach { offset, count in
            result.append(block.array(offset, count: count))
            return true
        }
        return result
    }
}
