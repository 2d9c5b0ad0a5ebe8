import BPF
import CBPFMaps

/// Asks the kernel's schedulers for backends, one at a time, through a program that does nothing else.
final class ChoiceProbe: Sendable {
    let maps: ProgramMaps
    private let choose: BPFProgram
    private let end: BPFProgram

    /// struct choice_probe of choice_probe.c.
    private struct Context {
        var service: UInt32
        var scope: UInt32
        var client: fw_address
        var destination: fw_address
        var clientPort: UInt16
        var destinationPort: UInt16 = 0
        var choiceZero: UInt32 = 0
        var backend: UInt32 = 0
        var port: UInt16 = 0
        var flags: UInt16 = 0
        var address = fw_address()
        var probeFlags: UInt32
        var zero: UInt32 = 0
    }

    /// Compiled once in a run of the tests.
    private static let bytes = Result { try compileKernelSource("choice_probe") }

    init() throws {
        var object = try BPFObject(try Self.bytes.get(), name: "choice_probe")
        try object.load()
        maps = try ProgramMaps(of: object)
        choose = try object.program("probe_choice")
        end = try object.program("probe_end")
    }

    /// The backend of a new connection; 0 when there is none. It stays open when it is counted.
    func choice(
        of service: UInt32 = 1, scope: fw_scope = FW_CLUSTER, from client: String = "10.0.0.1", port: UInt16 = 0,
        to destination: String = "10.96.0.1", isCounted: Bool = false
    ) throws -> UInt32 {
        var context = Context(
            service: service, scope: scope.rawValue, client: fw_address(client), destination: fw_address(destination),
            clientPort: port.bigEndian, probeFlags: isCounted ? 1 : 0)
        _ = try choose.run(context: &context)
        return context.backend
    }

    func close(_ backend: UInt32) throws {
        var context = Context(
            service: 0, scope: 0, client: fw_address(), destination: fw_address(), clientPort: 0, backend: backend,
            probeFlags: 0)
        _ = try end.run(context: &context)
    }

    /// How often each backend is chosen in `count` connections of one client each.
    func distribution(_ count: Int, isCounted: Bool = false) throws -> [UInt32: Int] {
        var chosen: [UInt32: Int] = [:]
        for index in 0..<count {
            let client = "10.\(index >> 16 & 255).\(index >> 8 & 255).\(index & 255)"
            chosen[try choice(from: client, isCounted: isCounted), default: 0] += 1
        }
        return chosen
    }
}
