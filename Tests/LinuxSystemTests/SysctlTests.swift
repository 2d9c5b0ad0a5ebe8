import Glibc
import LinuxSystem
import NetworkNamespaceTesting
import Testing

@Suite("Kernel settings")
struct SysctlTests {
    @Test("a value is written and read back without its line end")
    func roundTrip() throws {
        let folder = try SettingsFolder(["net/ipv4/ip_forward": "0\n"])
        let sysctl = Sysctl(root: folder.path)
        #expect(try sysctl.read("net.ipv4.ip_forward") == "0")
        try sysctl.write("1", to: "net.ipv4.ip_forward")
        #expect(try sysctl.readInteger("net.ipv4.ip_forward") == 1)
        #expect(try folder.text("net/ipv4/ip_forward") == "1\n")
    }

    @Test("a shorter value leaves nothing of a longer one")
    func shorter() throws {
        let folder = try SettingsFolder(["net/long": "123456\n"])
        try Sysctl(root: folder.path).write("7", to: "net.long")
        #expect(try folder.text("net/long") == "7\n")
    }

    @Test("a slash in a name stands for a dot of the file's name")
    func interfaceNames() throws {
        #expect(try Sysctl(root: "/r").path("net.ipv4.conf.eth0/5.rp_filter") == "/r/net/ipv4/conf/eth0.5/rp_filter")
    }

    @Test("names that leave the folder are refused", arguments: ["", "net..x", "//.//.etc", "net.//", "net.", ".net"])
    func escape(name: String) throws {
        let error = #expect(throws: SysctlError.self) { _ = try Sysctl(root: "/nowhere").read(name) }
        #expect(error?.code == .invalidName)
    }

    @Test("a missing file is told from one that may not be written, and the line names it")
    func missing() throws {
        let folder = try SettingsFolder([:])
        let error = #expect(throws: SysctlError.self) { _ = try Sysctl(root: folder.path).read("net.ipv4.nothing") }
        #expect(error?.code == .missing)
        #expect(
            error?.description
                == "cannot read net.ipv4.nothing (\(folder.path)/net/ipv4/nothing): No such file or directory")
    }

    @Test("text that is no number is told")
    func notANumber() throws {
        let folder = try SettingsFolder(["kernel/hostname": "node-a\n"])
        let error = #expect(throws: SysctlError.self) {
            _ = try Sysctl(root: folder.path).readInteger("kernel.hostname")
        }
        #expect(error?.code == .notANumber)
    }

    @Test(
        "the kernel's list of reserved ports is read and written whole, however long",
        .enabled(if: Requirement.root, "needs root: makes a network namespace"))
    func longList() async throws {
        let network = TestNetwork()
        defer { network.close() }
        let ports = PortSet(stride(from: UInt16(1), to: 65_535, by: 2))
        let held = try await network.addNamespace("ports").inside {
            let sysctl = Sysctl()
            try sysctl.write("\(ports)", to: "net.ipv4.ip_local_reserved_ports")
            let long = try sysctl.read(
                "net.ipv4.ip_local_reserved_ports", room: SettingFile.portListBytes)
            try sysctl.write("", to: "net.ipv4.ip_local_reserved_ports")
            return (long, try sysctl.read(
                "net.ipv4.ip_local_reserved_ports", room: SettingFile.portListBytes))
        }
        #expect(PortSet(held.0) == ports)
        #expect(held.1 == "")
    }
}
