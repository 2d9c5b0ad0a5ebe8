import BPF
import BPFPrograms
import NetworkNamespaceTesting
import Testing

@Suite(.enabled(if: Requirement.root, "needs root"))
struct SocketLoadTests {
    @Test("The verifier accepts every program")
    func load() throws {
        var object = try BPFObject(try #require(BPFPrograms.object("socket")), name: "socket")
        #expect(object.programNames.sorted() == SocketNode.programs.sorted())
        try object.load()
        for name in SocketNode.programs {
            let identity = try object.program(name).identity
            // The kernel's limit is a million; older verifiers walk more of the same program.
            #expect(identity.verifiedInstructionCount < 100_000, "\(name): \(identity)")
        }
    }
}
