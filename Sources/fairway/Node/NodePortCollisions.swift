internal import FoundationEssentials
internal import LinuxSystem
internal import Logging
internal import Netlink
internal import NetworkTypes

/// Reports host processes that listen on a NodePort: packets to it go to the Service's pods, and the
/// process no longer gets them.
struct NodePortCollisions {
    let logger: Logger
    /// What was told of and is still so.
    private var told: Set<Collision> = []
    private var isUnavailable = false

    init(logger: Logger) { self.logger = logger }

    /// A socket on a NodePort.
    private struct Collision: Hashable {
        let port: ServedPort
        let inode: UInt32
    }

    /// Looks at the host's sockets on NodePorts, whichever of the two came first. Each is told once.
    mutating func check(_ ports: NodePorts) {
        let served = Set(ports.served)
        guard !served.isEmpty else {
            told = []
            return
        }
        let sockets: [HostSocket]
        do throws(NetlinkError) {
            sockets = try SocketDiagnosis().receivers()
        } catch {
            if !isUnavailable { logger.warning("\(error); host processes that listen on NodePorts are not reported") }
            isUnavailable = true
            return
        }
        let all = PortCollision.find(ports: served, addresses: ports.addresses, sockets: sockets)
        let found = all.filter { !told.contains(Collision(port: $0.port, inode: $0.socket.inode)) }
        told = Set(all.map { Collision(port: $0.port, inode: $0.socket.inode) })
        let owners = SocketOwners.find(Set(found.map(\.socket.inode)))
        for collision in found {
            let (port, socket) = (collision.port, collision.socket)
            let place = SocketAddress(socket.address, port: socket.port.rawValue)
            let owner = owners[socket.inode].map { " by \($0)" } ?? ""
            logger.warning(
                "NodePort \(port.port)/\(port.protocol) of \(port.owner) collides with a socket of this host: \(place)/\(port.protocol) is listened on\(owner), and gets nothing from the NodePort's addresses")
        }
    }
}

/// Which processes hold sockets, by looking at all of them (proc(5)).
enum SocketOwners {
    /// `NAME (pid N)` by inode. What belongs to a process that is not visible from here is left out.
    static func find(_ inodes: Set<UInt32>) -> [UInt32: String] {
        guard !inodes.isEmpty else { return [:] }
        let wanted = Dictionary(uniqueKeysWithValues: inodes.map { ("socket:[\($0)]", $0) })
        let files = FileManager.default
        var owners: [UInt32: String] = [:]
        for process in (try? files.contentsOfDirectory(atPath: "/proc")) ?? [] where Int32(process) != nil {
            for descriptor in (try? files.contentsOfDirectory(atPath: "/proc/\(process)/fd")) ?? [] {
                guard let target = try? files.destinationOfSymbolicLink(atPath: "/proc/\(process)/fd/\(descriptor)"),
                    let inode = wanted[target], owners[inode] == nil
                else { continue }
                owners[inode] = Int32(process).map(name(of:))
            }
            if owners.count == inodes.count { break }
        }
        return owners
    }

    /// `NAME (pid N)`.
    static func name(of process: Int32) -> String {
        let name = (try? SettingFile(name: "name", path: "/proc/\(process)/comm").read()) ?? "a process"
        return "\(name) (pid \(process))"
    }

    /// Inodes of a process's sockets.
    ///
    /// - Throws: `permissionDenied` when this process may not look.
    static func inodes(of process: Int32) throws(Errno) -> Set<UInt32> {
        let (files, folder) = (FileManager.default, "/proc/\(process)/fd")
        guard let descriptors = try? files.contentsOfDirectory(atPath: folder) else { throw .permissionDenied }
        var inodes: Set<UInt32> = []
        for descriptor in descriptors {
            guard let target = try? files.destinationOfSymbolicLink(atPath: "\(folder)/\(descriptor)"),
                let inode = target.wholeMatch(of: /socket:\[([0-9]+)\]/)
            else { continue }
            if let inode = UInt32(inode.1) { inodes.insert(inode) }
        }
        return inodes
    }
}
