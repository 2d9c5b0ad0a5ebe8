extension AddressTable {
    init(_ writer: inout BlockWriter) {
        directory = writer.allocate(byteCount: Self.entry(4))
    }

    /// Puts a list in place of what the address has; nil removes it.
    mutating func set(_ key: UInt128, _ list: NameList?, _ writer: inout BlockWriter) {
        guard pageCount > 0 else {
            guard let list else { return }
            insertPage(at: 0, Self.page([(key, list.block)][...], writer), key, &writer)
            count = 1
            return
        }
        let index = pageIndex(for: key)
        guard let page = Self.value(directory, index) else { preconditionFailure("a directory without one of its pages") }
        let position = Self.countBelow(key, in: page, of: Self.entryCount(page))
        let exists = position < Self.entryCount(page) && Self.key(page, position) == key
        switch (list, exists) {
        case (nil, false): return
        case (let list?, true): replace(list.block, at: position, ofPage: index, page, &writer)
        case (nil, true): remove(at: position, ofPage: index, page, &writer)
        case (let list?, false): insert(key, list.block, at: position, ofPage: index, page, &writer)
        }
    }

    /// Everything, for the last snapshot to free.
    func discardAll(_ writer: inout BlockWriter) {
        forEach { writer.discard(leaf: $1.block) }
        forEachPage { writer.discard(leaf: $0) }
        writer.discard(leaf: directory)
    }

    private mutating func replace(
        _ leaf: Block, at position: Int, ofPage index: Int, _ page: Block, _ writer: inout BlockWriter
    ) {
        let copy = writer.writable(page)
        if let old = Self.value(copy, position) { writer.discard(leaf: old) }
        copy.store(leaf, at: Self.entry(position) + 16)
        setPage(copy, at: index, &writer)
    }

    private mutating func remove(
        at position: Int, ofPage index: Int, _ page: Block, _ writer: inout BlockWriter
    ) {
        count -= 1
        if let old = Self.value(page, position) { writer.discard(leaf: old) }
        let entries = Self.entryCount(page)
        guard entries > 1 else {
            writer.discard(page: page)
            return removePage(at: index, &writer)
        }
        let copy = writer.writable(page)
        copy.move(
            from: Self.entry(position + 1), to: Self.entry(position), count: Self.entryByteCount * (entries - position - 1))
        copy.store(UInt32(entries - 1), at: 8)
        setPage(copy, at: index, &writer)
    }

    private mutating func insert(
        _ key: UInt128, _ leaf: Block, at position: Int, ofPage index: Int, _ page: Block, _ writer: inout BlockWriter
    ) {
        count += 1
        let entries = Self.entryCount(page)
        guard entries == Self.pageCapacity else {
            let copy = writer.writable(page)
            copy.move(
                from: Self.entry(position), to: Self.entry(position + 1), count: Self.entryByteCount * (entries - position))
            copy.store(key, at: Self.entry(position))
            copy.store(leaf, at: Self.entry(position) + 16)
            copy.store(UInt32(entries + 1), at: 8)
            return setPage(copy, at: index, &writer)
        }
        var all = (0..<entries).compactMap { entry in Self.value(page, entry).map { (Self.key(page, entry), $0) } }
        all.insert((key, leaf), at: position)
        // Addresses mostly come in order: then the full page stays full.
        let split = position == entries ? entries : all.count / 2
        setPage(Self.page(all[..<split], writer), at: index, &writer)
        writer.discard(page: page)
        insertPage(at: index + 1, Self.page(all[split...], writer), all[split].0, &writer)
    }

    private static func page(_ entries: ArraySlice<(UInt128, Block)>, _ writer: BlockWriter) -> Block {
        let page = writer.allocate(byteCount: entry(pageCapacity))
        page.store(UInt32(entries.count), at: 8)
        for (index, (key, leaf)) in entries.enumerated() {
            page.store(key, at: entry(index))
            page.store(leaf, at: entry(index) + 16)
        }
        return page
    }

    private mutating func setPage(_ page: Block, at index: Int, _ writer: inout BlockWriter) {
        directory = writer.writable(directory)
        directory.store(Self.key(page, 0), at: Self.entry(index))
        directory.store(page, at: Self.entry(index) + 16)
    }

    private mutating func insertPage(at index: Int, _ page: Block, _ key: UInt128, _ writer: inout BlockWriter) {
        if Self.entry(pageCount + 1) > directory.byteCount {
            let old = directory
            directory = old.copy(byteCount: Self.entry(pageCount + pageCount / 2 + 4))
            directory.store(writer.generation, at: 4)
            writer.discard(page: old)
        } else {
            directory = writer.writable(directory)
        }
        directory.move(
            from: Self.entry(index), to: Self.entry(index + 1), count: Self.entryByteCount * (pageCount - index))
        directory.store(key, at: Self.entry(index))
        directory.store(page, at: Self.entry(index) + 16)
        pageCount += 1
    }

    private mutating func removePage(at index: Int, _ writer: inout BlockWriter) {
        directory = writer.writable(directory)
        directory.move(
            from: Self.entry(index + 1), to: Self.entry(index), count: Self.entryByteCount * (pageCount - index - 1))
        pageCount -= 1
    }
}
