internal import FoundationEssentials
internal import Glibc
package import LinuxSystem

/// Keeps the kernel from picking NodePorts as source ports of the node's own connections, whose replies
/// would otherwise go to a Service.
///
/// The setting is one list for everybody. What Fairway added to it is remembered in the state folder,
/// with the boot and the network namespace it was added in: in another one the kernel's list is new, and
/// all of it is the administrator's. A port that an administrator adds while it is Fairway's cannot be
/// told apart, and goes with the NodePort.
package struct NodePortReservation: Sendable {
    package static let setting = "net.ipv4.ip_local_reserved_ports"

    private let folder: String
    private let sysctl: Sysctl

    private var path: String { "\(folder)/reserved-nodeports" }

    /// Nil without a state folder.
    package init?(stateDirectory: String, sysctl: Sysctl = Sysctl()) {
        guard !stateDirectory.isEmpty else { return nil }
        folder = stateDirectory
        self.sysctl = sysctl
    }

    /// Has exactly `wanted` reserved beside the administrator's ports.
    ///
    /// The file is written before the kernel with everything that may be ours, and after it with what is:
    /// a process that dies in between leaves no port behind that nobody takes out.
    ///
    /// - Returns: the ports that are reserved by us now.
    /// - Throws: `SysctlError` or `SystemError`, which name the file.
    @discardableResult
    package func reserve(_ wanted: PortSet) throws -> PortSet {
        let added = try remembered()
        let text = try sysctl.read(Self.setting, room: SettingFile.portListBytes)
        guard let current = PortSet(text) else {
            throw SystemError("understand the ports in \(Self.setting)", Errno(rawValue: EINVAL))
        }
        let merged = ReservedPorts(current: current, added: added, wanted: wanted)
        let mayBeOurs = added.union(merged.ours)
        if mayBeOurs != added { try remember(mayBeOurs) }
        if merged.all != current { try sysctl.write(merged.all.description, to: Self.setting) }
        if merged.ours != mayBeOurs { try remember(merged.ours) }
        return merged.ours
    }

    /// Takes ours out.
    ///
    /// - Returns: what was taken out; empty when there was nothing of ours.
    package func release() throws -> PortSet {
        let added = try remembered()
        guard !added.isEmpty else { return added }
        try reserve(PortSet())
        return added
    }

    // MARK: The file

    /// One line each: where it holds, and the ports.
    private func text(_ ports: PortSet) throws -> String {
        let boot = try sysctl.read("kernel.random.boot_id")
        let namespace = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/net")
        return "boot \(boot)\nnamespace \(namespace)\nports \(ports)\n"
    }

    /// What was added in this boot and namespace. A file that cannot be understood counts as none: its
    /// ports stay reserved, which does less harm than taking an administrator's out.
    private func remembered() throws -> PortSet {
        let bytes: [UInt8]
        do throws(Errno) {
            bytes = try FileDescriptor(opening: path).readAll()
        } catch {
            if error == .noEntry { return PortSet() }
            throw SystemError("read \(path)", error)
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        let here = try text(PortSet()).split(separator: "\n")
        guard lines.count == 4, lines[0] == here[0], lines[1] == here[1], lines[2].hasPrefix("ports ") else {
            return PortSet()
        }
        return PortSet(String(lines[2].dropFirst(6))) ?? PortSet()
    }

    private func remember(_ ports: PortSet) throws {
        if ports.isEmpty {
            // SAFETY: the C string lives for the call.
            _ = unsafe unlink(path)
            return
        }
        let contents = try text(ports)
        let temporary = "\(path).new"
        try attempting("write \(path)") { () throws(Errno) in
            // SAFETY: the C string lives for the call.
            if unsafe mkdir(folder, 0o755) != 0, errno != EEXIST { throw Errno.current }
            let file = try FileDescriptor(opening: temporary, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
            try file.writeAll(Array(contents.utf8))
            try syscall("fsync") { fsync(file.rawValue) }
            // SAFETY: the C strings live for the call.
            try syscall("rename") { unsafe rename(temporary, path) }
        }
    }
}
