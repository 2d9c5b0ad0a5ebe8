import BPFPrograms
import Testing

/// The objects of the programs, as the build embeds them.
struct EmbeddingTests {
    @Test("Every object is embedded as the compiler wrote it", arguments: ["socket", "packet", "maintenance"])
    func isELF(_ name: String) throws {
        let object = try #require(BPFPrograms.object(name))
        #expect(object.starts(with: [0x7f] + Array("ELF".utf8)))
        // e_machine: EM_BPF, linux/elf-em.h.
        #expect(Array(object[18..<20]) == [247, 0])
    }

    @Test("An object that nobody wrote is not there")
    func missing() {
        #expect(BPFPrograms.object("none-such") == nil)
    }
}
