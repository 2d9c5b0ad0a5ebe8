private import CLinux

/// A pipe's two ends, close-on-exec and blocking (pipe(7): it holds 64 KiB).
package struct Pipe: ~Copyable, Sendable {
    package let reader: FileDescriptor
    private var openWriter: FileDescriptor?

    package init() throws(Errno) {
        var ends: [Int32] = [-1, -1]
        // SAFETY: the call writes two descriptors, which is what `ends` holds.
        try syscall("pipe2") { unsafe clinux_pipe(&ends) }
        reader = FileDescriptor(owning: ends[0])
        openWriter = FileDescriptor(owning: ends[1])
        writer = ends[1]
    }

    /// Valid until `closeWriter`, -1 afterwards.
    package private(set) var writer: Int32

    /// Writes all of `bytes`, at most what the pipe holds if nobody reads meanwhile.
    package func write(_ bytes: [UInt8]) throws(Errno) {
        switch openWriter {
        case .some(let end): try end.writeAll(bytes)
        case .none: throw .brokenPipe
        }
    }

    /// Lets the reader see the end once no other process holds this end open.
    package mutating func closeWriter() {
        openWriter = nil
        writer = -1
    }
}
