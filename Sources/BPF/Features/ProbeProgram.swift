internal import CBPF
internal import Glibc

/// A program of a few instructions, loaded to see whether the kernel takes it, and let go of at once.
struct ProbeProgram {
    let type: bpf_prog_type
    let attachType: bpf_attach_type?

    init(_ type: bpf_prog_type, _ attachType: bpf_attach_type? = nil) {
        self.type = type
        self.attachType = attachType
    }

    /// What it does before it returns.
    enum Body {
        case nothing
        case call(bpf_func_id)
        /// On a word of its stack.
        case fetchAndAdd

        var instructions: [bpf_insn] {
            let end = [
                bpf_insn(BPF_ALU64 | BPF_MOV | BPF_K, to: BPF_REG_0, immediate: 1),
                bpf_insn(BPF_JMP | BPF_EXIT),
            ]
            return switch self {
            case .nothing: end
            case .call(let function):
                [bpf_insn(BPF_JMP | BPF_CALL, immediate: Int32(function.rawValue))] + end
            case .fetchAndAdd:
                [
                    bpf_insn(BPF_ST | BPF_MEM | BPF_DW, to: BPF_REG_10, offset: -8),
                    bpf_insn(BPF_ALU64 | BPF_MOV | BPF_K, to: BPF_REG_1, immediate: 1),
                    bpf_insn(
                        BPF_STX | BPF_ATOMIC | BPF_DW, to: BPF_REG_10, from: BPF_REG_1, offset: -8,
                        immediate: BPF_ADD | BPF_FETCH),
                ] + end
            }
        }
    }

    /// Whether the kernel takes it.
    func loads(_ body: Body = .nothing) throws(BPFError) -> Bool {
        let (status, _) = try load(body)
        return status >= 0
    }

    /// Whether programs of this type may call a helper. The call has no arguments, so the verifier refuses it for one
    /// reason or another: what it says tells which.
    func knows(_ helper: bpf_func_id) throws(BPFError) -> Bool {
        let (status, log) = try load(.call(helper))
        if status >= 0 { return true }
        let refusals = ["invalid func ", "unknown func ", "cannot use helper ", "does not have support for the"]
        // Without a log the type of program itself was refused.
        return !log.isEmpty && !refusals.contains { log.contains($0) }
    }

    private func load(_ body: Body) throws(BPFError) -> (status: Int32, log: String) {
        var log = [CChar](repeating: 0, count: 4096)
        var unread = ""
        let status = LibraryMessages.collect(into: &unread) {
            // SAFETY: instructions, log and options are borrowed for the call, with their sizes.
            unsafe log.withUnsafeMutableBufferPointer { log in
                unsafe body.instructions.withUnsafeBufferPointer { instructions in
                    var options = unsafe bpf_prog_load_opts()
                    unsafe options.sz = unsafe optionsSize(upTo: \bpf_prog_load_opts.log_buf)
                    if let attachType { unsafe options.expected_attach_type = attachType }
                    unsafe options.log_buf = log.baseAddress
                    unsafe options.log_size = UInt32(log.count)
                    unsafe options.log_level = 1
                    return kernelCall { unsafe bpf_prog_load(
                        type, "probe", "GPL", instructions.baseAddress, instructions.count, &options) }
                }
            }
        }
        guard status != -EPERM else { throw BPFError(status: status, doing: "load a program to see what the kernel has") }
        if status >= 0 { close(status) }
        return (status, String(decoding: log.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))
    }
}

extension bpf_insn {
    fileprivate init(
        _ code: Int32, to: Int = BPF_REG_0, from: Int = BPF_REG_0, offset: Int16 = 0, immediate: Int32 = 0
    ) {
        self.init()
        self.code = UInt8(code)
        (dst_reg, src_reg) = (UInt8(to), UInt8(from))
        off = offset
        imm = immediate
    }
}
