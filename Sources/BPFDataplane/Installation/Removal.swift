internal import BPF
internal import CBPFMaps
internal import Dataplane
internal import LinuxSystem
internal import Netlink

/// Takes everything of this mode out of the kernel: filters, the qdiscs made for them, links, pins and their folder.
struct Removal {
    private let path: String

    init(_ path: String) { self.path = path }

    /// Traffic first finds no program, then no maps. Returns what was removed, a line each.
    func perform() throws -> [String] {
        guard try BPFFileSystem.contains(path) else { return [] }
        let folder = try PinFolder(path)
        let pinned = PinnedMaps(folder: path)
        try requireOwnNamespace(pinned)
        var removed: [String] = []
        let interfaces = try detach(pinned)
        if interfaces > 0 { removed.append("packet programs from \(interfaces) interfaces") }
        let links = try CgroupLinks(cgroup: "", folder: path).remove()
        if links > 0 { removed.append("\(links) socket programs") }
        removed.append("pin folder \(path)")
        try folder.removeAll()
        return removed
    }

    private func requireOwnNamespace(_ pinned: borrowing PinnedMaps) throws {
        guard let settings = try pinned.settings(), settings.schema == UInt32(FW_SCHEMA), settings.node_namespace != 0,
            settings.node_namespace != (try NetworkNamespace.currentCookie())
        else { return }
        throw DataplaneError(
            .refused, doing: "remove \(path)",
            cause: "it belongs to another network namespace: run fairway cleanup there, or, if that is gone, rm -r \(path)")
    }

    /// Interfaces whose clsact was made for the programs.
    private func ownQdiscs(_ pinned: borrowing PinnedMaps) throws -> Set<UInt32> {
        guard let handle = try pinned.open("interfaces") else { return [] }
        let rows = try BPFMap<UInt32, fw_interface>(handle).all()
        return Set(rows.filter { $0.value.flags & UInt32(FW_INTERFACE_QDISC) != 0 }.map(\.key))
    }

    private func detach(_ pinned: borrowing PinnedMaps) throws -> Int {
        let addresses = try NodeAddresses()
        let owned = try ownQdiscs(pinned)
        var count = 0
        for link in try addresses.links() where try PacketHooks.detach(from: link.index) {
            count += 1
            // Somebody else may have come to use what was made for us.
            if owned.contains(link.index) { try TrafficFilter.removeQdiscIfEmpty(interfaceIndex: link.index) }
        }
        return count
    }
}
