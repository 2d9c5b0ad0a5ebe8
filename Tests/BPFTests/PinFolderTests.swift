import BPF
import BPFTesting
import NetworkNamespaceTesting
import Testing

/// The folder of pins of a node, and its lock.
@Suite(.enabled(if: Requirement.root, "needs root"))
struct PinFolderTests {
    @Test("A second owner is told the folder and what to do; the lock goes with the first")
    func lock() throws {
        let pins = try TemporaryPins()
        let path = "\(pins.path)/node"
        do {
            let folder = try PinFolder(path)
            let isNew = folder.isNew
            #expect(isNew)
            let error = #expect(throws: BPFError.self) { try _ = PinFolder(path) }
            #expect(error?.code == .locked)
            let text = error.map(String.init(describing:)) ?? ""
            #expect(text.contains(path) && text.contains("--ebpf-pin-path"), "\(text)")
        }
        let next = try PinFolder(path)
        let isNew = next.isNew
        #expect(!isNew)
    }

    @Test("Pins are listed and removed, and the folder with all of them")
    func pins() throws {
        let pins = try TemporaryPins()
        let folder = try PinFolder("\(pins.path)/node")
        let map = try BPFMapHandle(creating: .hash, name: "a", keySize: 4, valueSize: 4, maxEntries: 1)
        for name in ["b", "a", "c"] { try map.pin(at: folder.path(of: name)) }
        let names = try folder.names()
        #expect(names == ["a", "b", "c"])
        let removed = try folder.remove("b")
        let twice = try folder.remove("b")
        #expect(removed && !twice)
        try folder.removeAll()
        let left = try BPFFileSystem.names(in: pins.path)
        #expect(!left.contains("node"))
    }

    @Test("A folder on another file system is refused, and not made")
    func otherFileSystem() throws {
        let pins = try TemporaryPins()
        let isThere = try BPFFileSystem.contains(pins.path)
        #expect(isThere)
        let isTemporary = try BPFFileSystem.contains("/tmp")
        #expect(!isTemporary)
        let error = #expect(throws: BPFError.self) { try _ = PinFolder("/tmp/fwt-no-bpf") }
        #expect(error?.code == .wrongShape)
        let made = try BPFFileSystem.names(in: "/tmp").contains("fwt-no-bpf")
        #expect(!made)
        let mounted = try BPFFileSystem.mount(at: pins.path)
        #expect(!mounted)
    }
}
