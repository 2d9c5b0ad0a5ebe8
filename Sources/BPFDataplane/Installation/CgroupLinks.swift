internal import BPF
internal import Glibc
internal import LinuxSystem

/// The socket programs' attachments to the cgroup, pinned: they outlive the process.
struct CgroupLinks: Sendable {
    let cgroup: String
    /// Where the links are pinned, each under its program's name.
    let folder: String

    /// Attaches the programs. A link that an earlier process left gets the new program in place of the old one: no
    /// connect() passes between them. One to another cgroup is given up after the new one is there.
    func attach(_ programs: LoadedPrograms) throws(BPFError) {
        let id = try cgroupID()
        for (name, shared) in programs.socket {
            let path = "\(folder)/\(name)"
            if let old = try Self.open(path) {
                if try old.identity().cgroupID == id {
                    try old.update(to: shared.program)
                    continue
                }
                let link = try BPFLink(attaching: shared.program, toCgroup: cgroup)
                try? old.detach()
                try removePin(path)
                try link.pin(at: path)
            } else {
                try BPFLink(attaching: shared.program, toCgroup: cgroup).pin(at: path)
            }
        }
    }

    /// Ends the attachments. Returns how many there were.
    func remove() throws(BPFError) -> Int {
        var count = 0
        for name in LoadedPrograms.socketPrograms {
            let path = "\(folder)/\(name)"
            guard let link = try Self.open(path) else { continue }
            // The cgroup may be gone, and the attachment with it.
            try? link.detach()
            try removePin(path)
            count += 1
        }
        return count
    }

    private static func open(_ path: String) throws(BPFError) -> BPFLink? {
        do throws(BPFError) {
            return try BPFLink(opening: path)
        } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
    }

    /// - Throws: `.notFound` when there is no such folder.
    func requireCgroup() throws(BPFError) { _ = try cgroupID() }

    /// The inode of its folder (kernfs).
    private func cgroupID() throws(BPFError) -> UInt64 {
        var facts = stat()
        // SAFETY: the C string lives for the call, and the kernel writes one struct stat.
        guard unsafe stat(cgroup, &facts) == 0 else {
            throw BPFError(.notFound, doing: "look at cgroup \(cgroup)", errno: errno)
        }
        return UInt64(facts.st_ino)
    }
}

/// Takes a pin's name away. That there is none is no error.
func removePin(_ path: String) throws(BPFError) {
    // SAFETY: the C string lives for the call.
    guard unsafe unlink(path) == 0 || errno == ENOENT else {
        throw BPFError(.system, doing: "remove pin \(path)", errno: errno)
    }
}
