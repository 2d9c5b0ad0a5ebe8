import Glibc

/// The owner of an open file descriptor, which it closes when it goes away.
@safe package struct FileDescriptor: ~Copyable, Sendable {
    /// Valid for as long as its owner lives; a copy of it owns nothing.
    package let rawValue: Int32

    /// Takes over a descriptor that nobody else closes.
    package init(owning rawValue: Int32) {
        precondition(rawValue >= 0, "not a descriptor")
        self.rawValue = rawValue
    }

    deinit {
        // Not through `syscall`: Linux has let go of the descriptor even when close reports EINTR.
        let result = Glibc.close(rawValue)
        precondition(result == 0 || errno != EBADF, "close of a descriptor that was not open")
    }

    /// Gives the descriptor away without closing it.
    package consuming func release() -> Int32 {
        let value = rawValue
        discard self
        return value
    }

    /// A second descriptor for the same open file.
    package func duplicate() throws(Errno) -> FileDescriptor {
        let value = try syscall("fcntl") { fcntl(rawValue, F_DUPFD_CLOEXEC, 0) }
        return FileDescriptor(owning: value)
    }
}

extension FileDescriptor {
    /// Opens a file, close-on-exec; `flags` and `mode` are those of open(2).
    package init(opening path: String, flags: Int32 = O_RDONLY, mode: UInt32 = 0) throws(Errno) {
        // SAFETY: the C string that Swift makes of `path` lives for the call.
        let value = try syscall("open") { unsafe open(path, flags | O_CLOEXEC, mode) }
        self.init(owning: value)
    }

    /// Makes calls on it return at once where they would wait.
    package func setNonblocking() throws(Errno) {
        let flags = try syscall("fcntl") { fcntl(rawValue, F_GETFL) }
        try syscall("fcntl") { fcntl(rawValue, F_SETFL, flags | O_NONBLOCK) }
    }
}

extension FileDescriptor {
    /// Reads at most `buffer.count` bytes to its start; 0 is the end of the file, nil "not now".
    package func read(into buffer: inout [UInt8]) throws(Errno) -> Int? {
        try syscallUnlessBlocking("read") {
            // SAFETY: the kernel writes at most `count` bytes to memory borrowed for the call.
            unsafe buffer.withUnsafeMutableBytes { unsafe Glibc.read(rawValue, $0.baseAddress, $0.count) }
        }
    }

    /// Writes from the start of `bytes` and says how many were taken; nil is "not now".
    package func write(_ bytes: Span<UInt8>) throws(Errno) -> Int? {
        try syscallUnlessBlocking("write") {
            // SAFETY: the kernel reads at most `count` bytes of memory borrowed for the call.
            unsafe bytes.withUnsafeBufferPointer { unsafe Glibc.write(rawValue, $0.baseAddress, $0.count) }
        }
    }

    /// Writes all of `bytes` to a blocking descriptor.
    package func writeAll(_ bytes: [UInt8]) throws(Errno) {
        var start = 0
        while start < bytes.count {
            guard let count = try write(bytes.span.extracting(start..<bytes.count)) else {
                throw .wouldBlock
            }
            start += count
        }
    }

    /// Everything up to the end of the file, at most `limit` bytes: what is beyond stays unread.
    package func readAll(limit: Int = 1 << 24) throws(Errno) -> [UInt8] {
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while result.count < limit, let count = try read(into: &buffer), count > 0 {
            result.append(contentsOf: buffer[..<min(count, limit - result.count)])
        }
        return result
    }
}
