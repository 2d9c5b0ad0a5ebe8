internal import CBPF
internal import Glibc

extension BPFObject {
    /// Names of the programs, as the C functions have them.
    package var programNames: [String] {
        var names: [String] = []
        // SAFETY: the object is open; its programs and their names live as long as it does.
        var program = unsafe bpf_object__next_program(pointer, nil)
        while let current = unsafe program {
            if let name = unsafe bpf_program__name(current) { unsafe names.append(String(cString: name)) }
            unsafe program = bpf_object__next_program(pointer, current)
        }
        return names
    }

    /// Has `load` leave a program out, or take it in. Before `load`.
    package mutating func setAutoload(_ autoload: Bool, of program: String) throws(BPFError) {
        let doing = "leave out program \(program)"
        // SAFETY: the program lives as long as the object.
        let found = unsafe try find(program, doing)
        let status = unsafe bpf_program__set_autoload(found, autoload)
        guard status >= 0 else { throw BPFError(status: status, doing: doing) }
    }

    /// A program of the loaded object, which lives on without it.
    ///
    /// - Throws: `.invalidObject` when there is no such program, or it was left out.
    package func program(_ name: String) throws(BPFError) -> BPFProgram {
        let doing = "take program \(name) of object \(self.name)"
        // SAFETY: the program lives as long as the object.
        let found = unsafe try find(name, doing)
        let descriptor = unsafe bpf_program__fd(found)
        guard descriptor >= 0 else { throw error(doing, "it was not loaded") }
        let attachType = BPFAttachType(rawValue: UInt32(unsafe bpf_program__expected_attach_type(found).rawValue))
        return try BPFProgram(owning: try copy(descriptor, "program \(name)"), name: name, attachType: attachType)
    }

    @unsafe private func find(_ program: String, _ doing: String) throws(BPFError) -> OpaquePointer {
        // SAFETY: the object is open; the C string lives for the call.
        guard let found = unsafe bpf_object__find_program_by_name(pointer, program) else {
            throw error(doing, "object \(name) has no such program")
        }
        return unsafe found
    }
}
