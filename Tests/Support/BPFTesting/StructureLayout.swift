import CBPF
import Glibc
import LinuxSystem
import NetworkNamespaceTesting

/// How a struct of C lies in memory, as the BTF of an object tells: what the compiler for the kernel made of it.
package struct StructureLayout: Sendable, Hashable {
    package struct Member: Sendable, Hashable {
        package let name: String
        /// In bytes.
        package let offset: Int
        package let size: Int

        package init(name: String, offset: Int, size: Int) {
            self.name = name
            self.offset = offset
            self.size = size
        }
    }

    package let size: Int
    package let members: [Member]

    /// Every struct with a name in an object file.
    package static func all(in object: [UInt8]) throws -> [String: StructureLayout] {
        let path = "/tmp/fwt-btf-\(getpid())-\(object.count)-\(UInt32.random(in: 0...UInt32.max)).o"
        try FileDescriptor(opening: path, flags: O_CREAT | O_EXCL | O_WRONLY, mode: 0o600).writeAll(object)
        // SAFETY: the C string lives for the call.
        defer { _ = unsafe unlink(path) }
        // SAFETY: the C string lives for the call; no second result is asked for.
        guard let types = unsafe btf__parse_elf(path, nil) else { throw TestSupportError("no BTF in the object") }
        // SAFETY: parsed above, and used only until here.
        defer { unsafe btf__free(types) }
        var found: [String: StructureLayout] = [:]
        for id in 1..<(unsafe btf__type_cnt(types)) {
            guard let (name, layout) = unsafe structure(id, types) else { continue }
            found[name] = layout
        }
        return found
    }

    @unsafe private static func structure(_ id: UInt32, _ types: OpaquePointer) -> (String, StructureLayout)? {
        // SAFETY: types and their members live as long as `types`; there are as many members as vlen says.
        guard let type = unsafe btf__type_by_id(types, id), unsafe type.pointee.info >> 24 & 0x1f == UInt32(BTF_KIND_STRUCT),
            let name = unsafe text(type.pointee.name_off, types), !name.isEmpty
        else { return nil }
        let count = Int(unsafe type.pointee.info & 0xffff)
        let first = unsafe UnsafeRawPointer(type + 1).assumingMemoryBound(to: btf_member.self)
        let members = (0..<count).map { index in
            // SAFETY: as above.
            let member = unsafe first[index]
            return Member(
                name: unsafe text(member.name_off, types) ?? "", offset: Int(member.offset & 0xff_ffff) / 8,
                size: Int(unsafe btf__resolve_size(types, member.type)))
        }
        return (name, StructureLayout(size: Int(unsafe type.pointee.size), members: members))
    }

    @unsafe private static func text(_ offset: UInt32, _ types: OpaquePointer) -> String? {
        // SAFETY: the string lives as long as `types` and is copied.
        unsafe btf__name_by_offset(types, offset).map { unsafe String(cString: $0) }
    }
}
