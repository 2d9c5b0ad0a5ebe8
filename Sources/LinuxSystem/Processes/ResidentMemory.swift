private import CLinux
import Glibc

/// How much memory a process holds, as the kernel counts it (`/proc/PID/status`, proc(5)).
package struct ResidentMemory: Sendable, Hashable {
    /// VmRSS, in bytes.
    package let currentBytes: Int
    /// VmHWM, the peak since the process started, in bytes.
    package let peakBytes: Int

    /// Of this process, or of another one that still runs.
    package init(ofProcess pid: Int32? = nil) throws(Errno) {
        let path = "/proc/\(pid.map { String($0) } ?? "self")/status"
        let text = String(decoding: try FileDescriptor(opening: path).readAll(), as: UTF8.self)
        self.init(status: text)
    }

    /// Gives memory that was freed back to the kernel (malloc_trim(3)), and the mappings of code that was used (madvise(2),
    /// MADV_DONTNEED). Takes milliseconds for each hundred MB: for the end of work that needed several times what stays,
    /// and code that what follows does not need.
    package static func release() {
        clinux_trim_memory()
        clinux_release_code()
    }

    /// From the text of `/proc/PID/status`; a line that is missing (a zombie has none) counts as 0.
    init(status text: String) {
        func bytes(_ key: String) -> Int {
            for line in text.split(separator: "\n") where line.hasPrefix(key + ":") {
                return line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0
            }
            return 0
        }
        currentBytes = bytes("VmRSS") * 1024
        peakBytes = bytes("VmHWM") * 1024
    }
}

/// The name of this machine (gethostname(2)).
package func hostName() throws(Errno) -> String {
    var buffer = [UInt8](repeating: 0, count: 256)
    let error = try syscall("gethostname") {
        // SAFETY: gethostname writes at most one byte less than there is room for.
        unsafe buffer.withUnsafeMutableBytes { bytes -> Int32 in
            guard let base = unsafe bytes.bindMemory(to: CChar.self).baseAddress else { return Int32(0) }
            return unsafe gethostname(base, bytes.count - 1)
        }
    }
    assert(error == 0)
    return String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self)
}
