import FoundationEssentials
import LinuxSystem
import Testing
import fairway

/// On made folders: what is told apart after a restart, a crash and a boot.
@Suite struct NodePortReservationTests {
    private let folder: ScratchFolder
    private let reservation: NodePortReservation
    private let list = "sys/net/ipv4/ip_local_reserved_ports"

    init() throws {
        folder = try ScratchFolder()
        try folder.write("sys/kernel/random/boot_id", "first\n")
        try folder.write(list, "8080\n")
        reservation = try #require(
            NodePortReservation(stateDirectory: "\(folder.path)/state", sysctl: Sysctl(root: "\(folder.path)/sys")))
    }

    private func contents(_ name: String) throws -> String { try String(contentsOfFile: folder.file(name), encoding: .utf8) }
    private var state: String { get throws { try contents("state/reserved-nodeports") } }

    @Test func `ours come and go beside the administrator's`() throws {
        #expect(try reservation.reserve(PortSet([8080, 30080])) == PortSet([30080]))
        #expect(try contents(list) == "8080,30080\n")
        #expect(try state.hasSuffix("ports 30080\n"))
        #expect(try reservation.release() == PortSet([30080]))
        #expect(try contents(list) == "8080\n")
        #expect(try reservation.release().isEmpty)
    }

    @Test func `after another boot all of the list is the administrator's`() throws {
        try reservation.reserve(PortSet([30080]))
        try folder.write("sys/kernel/random/boot_id", "second\n")
        #expect(try reservation.release().isEmpty)
        #expect(try contents(list) == "8080,30080\n")
    }

    @Test(arguments: ["", "boot first\n", "boot first\nnamespace x\nports 30080\n", "\u{0}"])
    func `a file that says nothing for here takes nothing out`(text: String) throws {
        try folder.write(list, "8080,30080\n")
        try folder.write("state/reserved-nodeports", text)
        #expect(try reservation.release().isEmpty)
        #expect(try reservation.reserve(PortSet([30080, 30081])) == PortSet([30081]))
        #expect(try contents(list) == "8080,30080-30081\n")
    }

    @Test func `a process that died before the kernel was told leaves nothing behind`() throws {
        try reservation.reserve(PortSet([30080]))
        // As if it had died between file and kernel.
        try folder.write(list, "8080\n")
        #expect(try reservation.reserve(PortSet([30081])) == PortSet([30081]))
        #expect(try contents(list) == "8080,30081\n")
        #expect(try state.hasSuffix("ports 30081\n"))
    }

    @Test func `what the kernel refuses is remembered as ours until it is out`() throws {
        try reservation.reserve(PortSet([30080]))
        try folder.delete(list)
        let error = #expect(throws: SysctlError.self) { try reservation.release() }
        #expect(error?.code == .missing)
        try folder.write(list, "8080,30080\n")
        #expect(try reservation.release() == PortSet([30080]))
        #expect(try contents(list) == "8080\n")
    }

    @Test func `without a state folder there is none`() {
        #expect(NodePortReservation(stateDirectory: "") == nil)
    }
}
