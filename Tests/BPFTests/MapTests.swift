import BPF
import Testing

/// Maps of the running kernel.
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
}
