import BPF
import BPFTesting
import NetworkNamespaceTesting
import Testing

/// Programs run without a packet on the wire.
@Suite(.enabled(if: Requirement.root, "needs root"))
struct TestRunTests {
    @Test("A packet goes in with its interfaces, and comes out as the program left it")
    func packet() throws {
        let object = try BPFPrograms.loaded()
        let program = try object.program("marking")
        let packet = [UInt8](repeating: 7, count: 60)
        // Loopback, which every network namespace has.
        let context = BPFTestContext(interfaceIndex: 1, ingressInterfaceIndex: 1, mark: 41)
        let result = try program.testRun(packet: packet, context: context)
        // TC_ACT_PIPE
        #expect(result.returnValue == 3)
        #expect(result.packet == [0xee] + packet.dropFirst())
        #expect(result.context.mark == 42)
        #expect(result.context.control.prefix(2) == [1, 1])
    }

    @Test("A run is repeated as often as asked, and counts on its processor")
    func repeats() throws {
        let object = try BPFPrograms.loaded()
        let program = try object.program("dropping")
        let result = try program.testRun(packet: [UInt8](repeating: 0, count: 60), repeats: 100)
        // TC_ACT_SHOT
        #expect(result.returnValue == 2)
        let hits = try BPFPerCPUMap<UInt32, UInt64>(try object.map("hits")).sum(1)
        #expect(hits == 100)
    }

    private struct Sum: BitwiseCopyable {
        var a: UInt64 = 0
        var b: UInt64 = 0
        var result: UInt64 = 0
    }

    @Test("A struct is handed over as the context, or in place of a packet, and read back")
    func structs() throws {
        let object = try BPFPrograms.loaded()
        var context = Sum(a: 20, b: 22)
        let first = try object.program("add_context").run(context: &context)
        #expect(first == 7)
        #expect(context.result == 42)
        var data = Sum(a: 1, b: 2)
        let second = try object.program("add_data").run(data: &data)
        #expect(second == 8)
        #expect(data.result == 3)
    }

    @Test("A packet too short for its frame is refused")
    func tooShort() throws {
        let object = try BPFPrograms.loaded()
        let program = try object.program("passing")
        let error = #expect(throws: BPFError.self) { try _ = program.testRun(packet: [1, 2, 3]) }
        #expect(error?.doing == "test-run program passing")
    }

    @Test("A pinned program runs, under the kernel's name for it")
    func pins() throws {
        let pins = try TemporaryPins()
        let object = try BPFPrograms.loaded()
        let program = try object.program("connect_refusing")
        try program.pin(at: "\(pins.path)/program")
        let again = try BPFProgram(opening: "\(pins.path)/program")
        let (identity, sameIdentity, name) = (program.identity, again.identity, program.name)
        #expect(identity == sameIdentity)
        #expect(identity.name == "connect_refusin")
        #expect(identity.tag.utf8.count == 16)
        #expect(name == "connect_refusing")
    }
}
