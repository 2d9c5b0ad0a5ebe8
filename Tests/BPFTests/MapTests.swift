@testable import BPF
import BPFTesting
import NetworkNamespaceTesting
import Testing

/// Maps of the running kernel.
@Suite(.enabled(if: Requirement.root, "needs root"))
struct MapTests {
    @Test("What is written is read, and a deleted key is gone")
    func elements() throws {
        let map = try BPFMap<UInt32, UInt64>(creating: .hash, name: "elements", maxEntries: 4)
        try map.update(1, 10)
        try map.update(2, 20, .noExist)
        let found = try map.lookup(1)
        #expect(found == 10)
        let removed = try map.delete(1)
        #expect(removed)
        let gone = try map.lookup(1)
        #expect(gone == nil)
        let again = try map.delete(1)
        #expect(!again)
    }

    @Test("An update keeps to its mode, and a full map says so")
    func modes() throws {
        let map = try BPFMap<UInt32, UInt64>(creating: .hash, name: "modes", maxEntries: 2)
        try map.update(1, 1)
        let exists = #expect(throws: BPFError.self) { try map.update(1, 2, .noExist) }
        #expect(exists?.code == .exists)
        let missing = #expect(throws: BPFError.self) { try map.update(2, 2, .exist) }
        #expect(missing?.code == .notFound)
        try map.update(2, 2)
        let full = #expect(throws: BPFError.self) { try map.update(3, 3) }
        #expect(full?.code == .full)
        #expect(full.map(String.init(describing:)) == "cannot write to map modes: Argument list too long")
    }

    @Test("Ten thousand entries are written, read, counted and deleted in batches", arguments: [
        BPFMapType.hash, .array, .longestPrefixMatch, .lruHash,
    ])
    func batches(_ type: BPFMapType) throws {
        let count = 10_000
        // The kernel wants a prefix's length first: of 64 bits in all each is a whole key.
        let isPrefix = type == .longestPrefixMatch
        let map = try BPFMapHandle(
            creating: type, name: "batch", keySize: isPrefix ? 8 : 4, valueSize: 8,
            maxEntries: type == .lruHash ? 4 * count : count, flags: isPrefix ? 1 : 0)
        if isPrefix {
            // BPF_F_NO_PREALLOC is 1; a length of 32 in the host's order comes first.
            try Self.exercise(map, keys: (0..<UInt64(count)).map { $0 << 32 | 32 }, deletes: true)
        } else {
            try Self.exercise(map, keys: (0..<UInt32(count)).map { $0 }, deletes: type != .array)
        }
    }

    private static func exercise<Key: BitwiseCopyable & Hashable>(
        _ handle: consuming BPFMapHandle, keys: [Key], deletes: Bool
    ) throws {
        let map = try BPFMap<Key, UInt64>(handle)
        let values = keys.indices.map { UInt64($0) * 3 }
        try map.updateBatch(keys: keys, values: values)
        let wanted = Dictionary(uniqueKeysWithValues: zip(keys, values))
        let read = try map.all()
        #expect(read.count == keys.count)
        #expect(Dictionary(uniqueKeysWithValues: read.map { ($0.key, $0.value) }) == wanted)
        var oneByOne: [Key: UInt64] = [:]
        try map.forEach(usingBatches: false) {
            oneByOne[$0] = $1
            return true
        }
        #expect(oneByOne == wanted)
        guard deletes else { return }
        // Every other one is gone already, which does not stop the rest.
        for key in keys.prefix(100) { try map.delete(key) }
        let deleted = try map.deleteBatch(keys)
        #expect(deleted == keys.count - 100)
        let left = try map.count()
        #expect(left == 0)
    }

    @Test("A walk ends when it is told to, and hands on what its body throws")
    func stops() throws {
        struct Stop: Error {}
        let map = try BPFMap<UInt32, UInt32>(creating: .hash, name: "stops", maxEntries: 10)
        try map.updateBatch(keys: Array(0..<10), values: Array(0..<10))
        var seen = 0
        try map.forEach { _, _ in
            seen += 1
            return seen < 3
        }
        #expect(seen == 3)
        #expect(throws: Stop.self) { try map.forEach { _, _ throws in throw Stop() } }
    }

    @Test("A batch that does not fit names its first entry that was not written")
    func batchFails() throws {
        let map = try BPFMap<UInt32, UInt32>(creating: .hash, name: "small", maxEntries: 3)
        let error = #expect(throws: BPFError.self) {
            try map.updateBatch(keys: Array(0..<5), values: Array(0..<5))
        }
        #expect(error?.code == .full)
        #expect(error?.entry == 3)
        let count = try map.count()
        #expect(count == 3)
    }

    @Test("Keys follow one another to the end")
    func keys() throws {
        let map = try BPFMap<UInt32, UInt8>(creating: .hash, name: "keys", maxEntries: 5)
        try map.updateBatch(keys: [1, 2, 3, 4, 5], values: [0, 0, 0, 0, 0])
        var keys: [UInt32] = []
        while let key = try map.key(after: keys.last) { keys.append(key) }
        #expect(keys.sorted() == [1, 2, 3, 4, 5])
    }

    @Test("A map of other sizes, or per processor, is refused with both sizes named")
    func shapes() throws {
        struct Padded: BitwiseCopyable {
            var wide: UInt64 = 0
            var narrow: UInt8 = 0
        }
        let map = try BPFMapHandle(creating: .hash, name: "shaped", keySize: 8, valueSize: 9, maxEntries: 1)
        for result in [
            Self.error { try _ = BPFMap<UInt32, UInt64>(map.duplicate()) },
            Self.error { try _ = BPFMap<UInt64, UInt64>(map.duplicate()) },
            Self.error { try _ = BPFMap<UInt64, Padded>(map.duplicate()) },
            Self.error { try _ = BPFPerCPUMap<UInt64, UInt64>(map.duplicate()) },
        ] {
            #expect(result?.code == .wrongShape)
        }
        let text = Self.error { try _ = BPFMap<UInt32, UInt64>(map.duplicate()) }.map(String.init(describing:))
        #expect(text == "cannot use map shaped for UInt32 and UInt64: its keys have 8 bytes, not 4")
    }

    private static func error(_ body: () throws -> Void) -> BPFError? {
        do {
            try body()
            return nil
        } catch { return error as? BPFError }
    }

    @Test("A per-CPU map keeps a value for each processor")
    func perCPU() throws {
        let map = try BPFPerCPUMap<UInt32, UInt32>(creating: .perCPUHash, name: "each", maxEntries: 100)
        try map.updateBatch([1, 2, 3], 5)
        let values = try map.lookup(2)
        let processors = map.processorCount
        #expect(values == Array(repeating: 5, count: processors))
        let sum = try map.sum(2)
        #expect(sum == 5 * UInt32(processors))
        let missing = try map.lookup(9)
        #expect(missing == nil)
        let all = try map.all()
        #expect(Set(all.map(\.key)) == [1, 2, 3])
        #expect(all.allSatisfy { $0.value == values })
        let deleted = try map.deleteBatch([1, 3, 4])
        #expect(deleted == 2)
        let count = try map.count()
        #expect(count == 1)
    }

    @Test("A pinned map is the same map, and its name is taken once")
    func pins() throws {
        let pins = try TemporaryPins()
        let map = try BPFMap<UInt32, UInt64>(creating: .hash, name: "pinned", maxEntries: 7)
        try map.update(1, 2)
        try map.pin(at: "\(pins.path)/table")
        let taken = #expect(throws: BPFError.self) { try map.pin(at: "\(pins.path)/table") }
        #expect(taken?.code == .exists)
        let again = try BPFMap<UInt32, UInt64>(opening: "\(pins.path)/table")
        let (shape, sameShape) = (map.shape, again.shape)
        #expect(shape == sameShape)
        #expect(shape.maxEntries == 7)
        let value = try again.lookup(1)
        #expect(value == 2)
        let bytes = again.handle.memoryBytes ?? 0
        #expect(bytes > 0)
        let missing = #expect(throws: BPFError.self) { try _ = BPFMapHandle(opening: "\(pins.path)/none") }
        #expect(missing?.code == .notFound)
        let other = #expect(throws: BPFError.self) { try _ = BPFProgram(opening: "\(pins.path)/table") }
        #expect(other?.code == .wrongShape)
    }
}
