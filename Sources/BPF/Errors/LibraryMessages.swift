internal import CBPF
internal import Glibc
internal import Synchronization

/// What libbpf says: to the error of the call that it is about, instead of to standard error.
///
/// libbpf has one function for messages in the whole process, and calls it on the thread that called libbpf.
enum LibraryMessages {
    /// By thread, for as long as one collects.
    private static let collected = Mutex<[pthread_t: [UInt8]]>([:])

    private static let installed: Void = {
        // SAFETY: the function keeps no pointer that it is given, and lives as long as the process.
        _ = unsafe libbpf_set_print { level, format, arguments in
            LibraryMessages.receive(level, format, arguments)
        }
    }()

    /// Runs `body` and appends to `log` what libbpf said meanwhile.
    static func collect<T>(into log: inout String, _ body: () -> T) -> T {
        _ = installed
        let thread = pthread_self()
        collected.withLock { $0[thread] = [] }
        let result = body()
        log += String(decoding: collected.withLock { $0.removeValue(forKey: thread) } ?? [], as: UTF8.self)
        return result
    }

    @safe private static func receive(
        _ level: libbpf_print_level, _ format: UnsafePointer<CChar>?, _ arguments: CVaListPointer?
    ) -> Int32 {
        let thread = pthread_self()
        // SAFETY: only whether they are there is asked.
        guard level != LIBBPF_DEBUG, let format = unsafe format, let arguments = unsafe arguments,
            collected.withLock({ $0[thread] != nil }) else {
            return 0
        }
        // SAFETY: only libbpf calls this, with a format that belongs to its arguments; cbpf_format leaves those as they are.
        let length = Int(unsafe cbpf_format(nil, 0, format, arguments))
        guard length > 0 else { return 0 }
        // SAFETY: as above; it writes length + 1 bytes, which is what there is room for, and the last is the NUL.
        let text = unsafe [UInt8](unsafeUninitializedCapacity: length + 1) { buffer, count in
            unsafe buffer.withMemoryRebound(to: CChar.self) {
                _ = unsafe cbpf_format($0.baseAddress, length + 1, format, arguments)
            }
            count = length
        }
        collected.withLock { $0[thread] = Array((($0[thread] ?? []) + text).suffix(BPFLimits.logBytes)) }
        return 0
    }

    /// The line that says what is wrong: of the verifier's log the last before its statistics, or netlink's words.
    static func cause(in log: String) -> String? {
        let lines = log.split(separator: "\n")
        if let statistics = lines.lastIndex(where: { $0.hasPrefix("processed ") && $0.contains(" insns") }) {
            return lines[..<statistics].last.map(String.init)
        }
        guard let line = lines.last(where: { $0.contains(kernelWords) }) else { return nil }
        return String(line.drop { $0 != "K" }.dropFirst(kernelWords.count))
    }

    static func isVerifiers(_ log: String) -> Bool { log.contains(" insns (limit ") }

    private static let kernelWords = "Kernel error message: "
}
