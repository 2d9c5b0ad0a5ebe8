import BPF
import BPFTesting
import NetworkNamespaceTesting
import Testing

/// Object files, opened and loaded into the running kernel.
@Suite(.enabled(if: Requirement.root, "needs root"))
struct ObjectTests {
    @Test("An object tells its maps and programs before it is loaded")
    func names() throws {
        let object = try BPFPrograms.object("programs")
        let (maps, programs) = (object.mapNames, object.programNames)
        #expect(Set(maps) == ["table", "hits"])
        #expect(programs.contains("connect_refusing"))
        let limit = try object.maxEntries(of: "table")
        #expect(limit == 8)
        let early = #expect(throws: BPFError.self) { try _ = object.map("table") }
        #expect(early?.code == .invalidObject)
        let none = #expect(throws: BPFError.self) { try _ = object.program("none-such") }
        #expect(none?.code == .invalidObject)
    }

    @Test("Limits are set before loading; a map is shared by its handle, and outlives its object")
    func sharing() throws {
        let handle: BPFMapHandle
        do {
            var first = try BPFPrograms.object("programs")
            try first.setMaxEntries(100, of: "table")
            try first.load()
            var second = try BPFPrograms.object("programs")
            try second.reuseMaps(of: first)
            try second.load()
            handle = try first.map("table")
            let other = try second.map("table")
            let (shape, otherShape) = (handle.shape, other.shape)
            #expect(shape.id == otherShape.id)
            #expect(shape.maxEntries == 100)
            _ = try second.program("passing").testRun(packet: [UInt8](repeating: 0, count: 64))
        }
        let length = try BPFMap<UInt32, UInt64>(handle).lookup(1)
        #expect(length == 64)
    }

    @Test("A map of another shape is not shared")
    func otherShape() throws {
        var object = try BPFPrograms.object("programs")
        let map = try BPFMapHandle(creating: .hash, name: "other", keySize: 8, valueSize: 8, maxEntries: 8)
        let error = #expect(throws: BPFError.self) { try object.reuse(map, as: "table") }
        #expect(error?.code == .wrongShape)
    }

    @Test("A program that the verifier refuses is named, with the reason in the line and the rest in the log")
    func verifier() throws {
        var object = try BPFPrograms.object("broken")
        let error = try #require(throws: BPFError.self) { try object.load() }
        #expect(error.code == .rejected)
        #expect(error.doing == "load program reads_past of object broken")
        let line = String(describing: error)
        #expect(line.contains("outside of the packet"), "\(line)")
        #expect(!line.contains("\n"))
        #expect(error.log.contains("processed "))
    }

    @Test("A program that is left out does not keep the others from being loaded")
    func autoload() throws {
        var object = try BPFPrograms.object("broken")
        try object.setAutoload(false, of: "reads_past")
        try object.load()
        let sound = try object.program("sound").identity.name
        #expect(sound == "sound")
        let missing = #expect(throws: BPFError.self) { try _ = object.program("reads_past") }
        #expect(missing?.code == .invalidObject)
    }

    @Test("What is no object is refused in one line", arguments: [[], [0x7f], Array("\u{7f}ELF and then nothing of use".utf8)])
    func noObject(_ bytes: [UInt8]) {
        let error = #expect(throws: BPFError.self) { try _ = BPFObject(bytes, name: "nothing") }
        #expect(error?.code == .invalidObject)
        #expect(error.map { String(describing: $0).hasPrefix("cannot open object nothing: ") } == true)
        #expect(error.map { String(describing: $0).contains("\n") } == false)
    }
}
