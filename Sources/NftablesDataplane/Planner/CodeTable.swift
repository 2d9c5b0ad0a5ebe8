/// Gives each distinct meaning a code, counts the frontends that use it, and tells what the kernel must
/// learn and forget. A code keeps its meaning while something uses it.
struct CodeTable<Meaning: Hashable & Sendable>: Sendable {
    private struct Entry {
        var code: UInt32
        var uses: Int
    }

    private var entries: [Meaning: Entry] = [:]
    private var freeCodes: [UInt32] = []
    private var nextCode: UInt32 = 1
    private var touched: Set<Meaning> = []
    /// What the kernel knows.
    private(set) var known: [Meaning: UInt32] = [:]

    /// Codes that are adopted from a running table. Far more than there are meanings, and far from the
    /// end of the type, so that counting on from the highest never overflows.
    private static var adoptableCodes: ClosedRange<UInt32> { 1...1_000_000 }

    /// Codes that a running table already has. They keep their meaning; those that nothing uses go at
    /// the next `takeChanges`. Of several codes with one meaning the lowest is adopted.
    ///
    /// - Parameter reserved: codes that are not to be given away, since the kernel still has elements about them.
    init(adopted: [UInt32: Meaning] = [:], reserved: Set<UInt32> = []) {
        nextCode = (reserved.union(adopted.keys).filter(Self.adoptableCodes.contains).max() ?? 0) + 1
        for (code, meaning) in adopted.sorted(by: { $0.key < $1.key })
        where Self.adoptableCodes.contains(code) && entries[meaning] == nil {
            entries[meaning] = Entry(code: code, uses: 0)
            known[meaning] = code
            touched.insert(meaning)
        }
    }

    /// The code of a meaning that one more frontend uses, and whether that is the first.
    mutating func acquire(_ meaning: Meaning) -> (code: UInt32, isFirst: Bool) {
        if let entry = entries[meaning] {
            entries[meaning]?.uses += 1
            if entry.uses == 0 { touched.insert(meaning) }
            return (entry.code, entry.uses == 0)
        }
        let code = freeCodes.popLast() ?? nextCode
        if code == nextCode { nextCode += 1 }
        entries[meaning] = Entry(code: code, uses: 1)
        touched.insert(meaning)
        return (code, true)
    }

    /// One frontend uses it less. True when that was the last.
    mutating func release(_ meaning: Meaning) -> Bool {
        guard let entry = entries[meaning], entry.uses > 0 else { return false }
        entries[meaning]?.uses -= 1
        guard entry.uses == 1 else { return false }
        touched.insert(meaning)
        return true
    }

    /// The code of a meaning in use.
    func code(of meaning: Meaning) -> UInt32? { entries[meaning]?.code }

    struct Changes {
        var added: [(code: UInt32, meaning: Meaning)] = []
        var removed: [(code: UInt32, meaning: Meaning)] = []
    }

    /// What the kernel must learn and forget since the last call, by code. O(meanings touched).
    mutating func takeChanges() -> Changes {
        var changes = Changes()
        for meaning in touched {
            guard let entry = entries[meaning] else { continue }
            if entry.uses > 0 {
                if known.updateValue(entry.code, forKey: meaning) == nil { changes.added.append((entry.code, meaning)) }
            } else {
                if let code = known.removeValue(forKey: meaning) { changes.removed.append((code, meaning)) }
                entries[meaning] = nil
                freeCodes.append(entry.code)
            }
        }
        touched = []
        changes.added.sort { $0.code < $1.code }
        changes.removed.sort { $0.code < $1.code }
        return changes
    }
}
