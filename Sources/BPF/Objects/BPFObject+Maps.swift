internal import CBPF
internal import Glibc
internal import LinuxSystem

extension BPFObject {
    /// Names of the maps, as the C has them.
    package var mapNames: [String] {
        var names: [String] = []
        // SAFETY: the object is open; its maps and their names live as long as it does.
        var map = unsafe bpf_object__next_map(pointer, nil)
        while let current = unsafe map {
            if let name = unsafe bpf_map__name(current) { unsafe names.append(String(cString: name)) }
            unsafe map = bpf_object__next_map(pointer, current)
        }
        return names
    }

    /// Sets how many entries a map may have. Before `load`, and not for a map that `reuse` gave.
    package mutating func setMaxEntries(_ count: Int, of map: String) throws(BPFError) {
        let doing = "set the limit of map \(map) to \(count)"
        // SAFETY: the map lives as long as the object.
        let found = unsafe try find(map, doing)
        let status = unsafe bpf_map__set_max_entries(found, UInt32(count))
        guard status >= 0 else { throw BPFError(status: status, doing: doing) }
    }

    /// How many entries a map may have, as its C or `setMaxEntries` says.
    package func maxEntries(of map: String) throws(BPFError) -> Int {
        // SAFETY: the map lives as long as the object.
        Int(unsafe bpf_map__max_entries(try find(map, "read the limit of map \(map)")))
    }

    /// Has the object use a map that is open already instead of creating one. Before `load`.
    ///
    /// - Throws: `.invalidObject` when it has no such map; `.wrongShape` when kind, sizes or flags are others. The number
    ///   of entries may differ.
    package mutating func reuse(_ handle: borrowing BPFMapHandle, as map: String) throws(BPFError) {
        let doing = "use an open map as \(map)"
        // SAFETY: the map lives as long as the object; libbpf makes its own copy of the descriptor.
        let found = unsafe try find(map, doing)
        let shape = handle.shape
        guard
            unsafe bpf_map__type(found).rawValue == shape.type.rawValue,
            unsafe bpf_map__key_size(found) == shape.keySize, unsafe bpf_map__value_size(found) == shape.valueSize,
            unsafe bpf_map__map_flags(found) == shape.flags
        else { throw BPFError(.wrongShape, doing: doing, cause: "it is \(shape)") }
        let status = unsafe bpf_map__reuse_fd(found, handle.descriptor.rawValue)
        guard status >= 0 else { throw BPFError(status: status, doing: doing) }
    }

    /// Has the object use every map of another, loaded one that it has too, by name. Before `load`.
    package mutating func reuseMaps(of other: borrowing BPFObject) throws(BPFError) {
        let own = Set(mapNames)
        for name in other.mapNames where own.contains(name) { try reuse(try other.map(name), as: name) }
    }

    /// A map of the loaded object, which lives on without it.
    ///
    /// - Throws: `.invalidObject` when there is no such map.
    package func map(_ name: String) throws(BPFError) -> BPFMapHandle {
        let doing = "take map \(name) of object \(self.name)"
        // SAFETY: the map lives as long as the object.
        let descriptor = unsafe bpf_map__fd(try find(name, doing))
        guard descriptor >= 0 else { throw error(doing, "it was not created: the object is not loaded") }
        return try BPFMapHandle(owning: try copy(descriptor, "map \(name)"), name: name)
    }

    @unsafe private func find(_ map: String, _ doing: String) throws(BPFError) -> OpaquePointer {
        // SAFETY: the object is open; the C string lives for the call.
        guard let found = unsafe bpf_object__find_map_by_name(pointer, map) else {
            throw error(doing, "object \(name) has no such map")
        }
        return unsafe found
    }
}
