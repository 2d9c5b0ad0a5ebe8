internal import CBPF
internal import Glibc
internal import LinuxSystem

/// Runs without a packet on the wire (BPF_PROG_TEST_RUN). Maps are changed as by any run; interfaces are those of the
/// calling thread's network namespace.
extension BPFProgram {
    @unsafe private static var options: bpf_test_run_opts {
        // SAFETY: all pointers in it are NULL.
        var options = unsafe bpf_test_run_opts()
        unsafe options.sz = unsafe optionsSize(upTo: \bpf_test_run_opts.batch_size)
        return unsafe options
    }

    /// Hands a frame to a packet program.
    ///
    /// - Parameters:
    ///   - packet: from the Ethernet header on, at least its 14 bytes.
    ///   - repeats: how often; every run sees what the one before left of the packet.
    package func testRun(
        packet: [UInt8], context: BPFTestContext = BPFTestContext(), repeats: Int = 1
    ) throws(BPFError) -> BPFTestResult {
        // SAFETY: the kernel reads and writes these structs without following a pointer in them.
        var options = unsafe Self.options
        var before = unsafe context.raw
        var after = unsafe __sk_buff()
        var result = [UInt8](repeating: 0, count: BPFLimits.testPacketBytes)
        let raw = descriptor.rawValue
        unsafe options.repeat = Int32(repeats)
        // SAFETY: everything that the options point to is borrowed for the call and of the size they state.
        let status = unsafe packet.withUnsafeBytes { input in
            unsafe result.withUnsafeMutableBytes { output in
                unsafe withUnsafeMutablePointer(to: &before) { before in
                    unsafe withUnsafeMutablePointer(to: &after) { after in
                        unsafe options.data_in = input.baseAddress
                        unsafe options.data_size_in = UInt32(input.count)
                        unsafe options.data_out = output.baseAddress
                        unsafe options.data_size_out = UInt32(output.count)
                        unsafe options.ctx_in = UnsafeRawPointer(before)
                        unsafe options.ctx_size_in = UInt32(unsafe MemoryLayout<__sk_buff>.size)
                        unsafe options.ctx_out = UnsafeMutableRawPointer(after)
                        unsafe options.ctx_size_out = UInt32(unsafe MemoryLayout<__sk_buff>.size)
                        // SAFETY: as above.
                        return kernelCall { unsafe bpf_prog_test_run_opts(raw, &options) }
                    }
                }
            }
        }
        guard status >= 0 else { throw BPFError(status: status, doing: "test-run program \(name)") }
        // SAFETY: numbers only; the kernel has filled them in.
        let (length, value, nanoseconds) = unsafe (options.data_size_out, options.retval, options.duration)
        return BPFTestResult(
            returnValue: value, packet: Array(result.prefix(Int(length))), context: unsafe BPFTestContext(after),
            duration: .nanoseconds(nanoseconds))
    }

    /// Runs a packet program whose packet is no packet but a struct that it reads and writes.
    ///
    /// - Returns: what the program returned.
    /// - Throws: `.wrongShape` when it gave back another length. The kernel refuses less than 14 bytes.
    package func run<Structure: BitwiseCopyable>(data: inout Structure) throws(BPFError) -> UInt32 {
        // SAFETY: its pointers are set below, for the call.
        var options = unsafe Self.options
        let raw = descriptor.rawValue
        let size = UInt32(MemoryLayout<Structure>.size)
        unsafe options.repeat = 1
        var input = data
        // SAFETY: both structs are borrowed for the call and of the size stated.
        let status = unsafe withUnsafeMutablePointer(to: &input) { input in
            unsafe withUnsafeMutablePointer(to: &data) { output in
                unsafe options.data_in = UnsafeRawPointer(input)
                unsafe options.data_size_in = size
                unsafe options.data_out = UnsafeMutableRawPointer(output)
                unsafe options.data_size_out = size
                return kernelCall { unsafe bpf_prog_test_run_opts(raw, &options) }
            }
        }
        let doing = "run program \(name)"
        guard status >= 0 else { throw BPFError(status: status, doing: doing) }
        let (length, value) = unsafe (options.data_size_out, options.retval)
        guard length == size else {
            throw BPFError(.wrongShape, doing: doing, cause: "it gave back \(length) bytes for \(size)")
        }
        return value
    }

    /// Runs a program of section "syscall" (Linux 5.14), whose context is a struct that it reads and writes.
    ///
    /// - Returns: what the program returned.
    package func run<Structure: BitwiseCopyable>(context: inout Structure) throws(BPFError) -> UInt32 {
        // SAFETY: its pointers are set below, for the call.
        var options = unsafe Self.options
        let raw = descriptor.rawValue
        // SAFETY: the struct is borrowed for the call and of the size stated; the kernel writes it back.
        let status = unsafe withUnsafeMutablePointer(to: &context) { context in
            unsafe options.ctx_in = UnsafeRawPointer(context)
            unsafe options.ctx_size_in = UInt32(MemoryLayout<Structure>.size)
            return kernelCall { unsafe bpf_prog_test_run_opts(raw, &options) }
        }
        guard status >= 0 else { throw BPFError(status: status, doing: "run program \(name)") }
        return unsafe options.retval
    }
}
