@testable import BPF
import Testing

/// What is made of libbpf's and the verifier's words.
struct LibraryMessagesTests {
    @Test("The cause is the verifier's last line before its statistics, or netlink's words", arguments: [
        (
            """
            libbpf: prog 'x': BPF program load failed: Permission denied
            libbpf: prog 'x': -- BEGIN PROG LOAD LOG --
            0: R1=ctx() R10=fp0
            R0 !read_ok
            processed 1 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
            -- END PROG LOAD LOG --
            """, "R0 !read_ok"
        ),
        ("libbpf: Kernel error message: Exclusivity flag on, cannot modify\n", "Exclusivity flag on, cannot modify"),
        ("libbpf: failed to load object\n", nil),
        ("", nil),
    ])
    func cause(_ log: String, _ wanted: String?) {
        #expect(LibraryMessages.cause(in: log) == wanted)
    }
}
