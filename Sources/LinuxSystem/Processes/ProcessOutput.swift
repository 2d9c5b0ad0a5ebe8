import Glibc

/// What a finished program printed and how it ended.
package struct ProcessOutput: Sendable, CustomStringConvertible {
    package let status: ExitStatus
    package let standardOutput: String
    package let standardError: String
    /// True when it was killed because its time was up.
    package let isTimedOut: Bool

    package var description: String {
        "\(status)\(isTimedOut ? " (out of time)" : "")\n\(standardOutput)\(standardError)"
    }
}

extension ProcessRequest {
    /// No program's output is kept beyond 16 MiB a stream: more is a runaway, not a result.
    private static let outputLimitBytes = 16 << 20

    /// Runs the program to its end and collects what it prints. Blocks: not for the cooperative pool.
    ///
    /// - Parameters:
    ///   - input: written to its standard input, at most what a pipe holds (64 KiB).
    ///   - timeout: after it, the program is killed.
    ///   - namespace: the network namespace to start it in; nil is that of the calling thread.
    package func collectOutput(
        input: [UInt8] = [], timeout: Duration? = nil, namespace: Int32? = nil
    ) throws(SystemError) -> ProcessOutput {
        precondition(input.count <= 65536, "more input than a pipe holds would wait for its reader")
        var stdin = try attempting("make a pipe") { () throws(Errno) in try Pipe() }
        var stdout = try attempting("make a pipe") { () throws(Errno) in try Pipe() }
        var stderr = try attempting("make a pipe") { () throws(Errno) in try Pipe() }
        try attempting("write the input of \(path)") { () throws(Errno) in try stdin.write(input) }
        stdin.closeWriter()
        let child = try ChildProcess(
            self, input: stdin.reader.rawValue, output: stdout.writer, error: stderr.writer, namespace: namespace)
        stdout.closeWriter()
        stderr.closeWriter()
        return try attempting("read the output of \(path)") { () throws(Errno) in
            try ProcessRequest.collect(child, stdout.reader, stderr.reader, timeout)
        }
    }

    private static func collect(
        _ child: ChildProcess, _ stdout: borrowing FileDescriptor, _ stderr: borrowing FileDescriptor,
        _ timeout: Duration?
    ) throws(Errno) -> ProcessOutput {
        let epoll = try Epoll()
        try epoll.add(stdout.rawValue, .readable, token: 0)
        try epoll.add(stderr.rawValue, .readable, token: 1)
        var texts: [[UInt8]] = [[], []]
        var open = 2
        var isTimedOut = false
        var buffer = [UInt8](repeating: 0, count: 65536)
        let deadline = timeout.map { ContinuousClock.now + $0 }
        while open > 0 {
            let events = try epoll.wait(timeout: deadline.map { ContinuousClock.now.duration(to: $0) })
            if events.isEmpty {
                // Its own children may hold the pipes open: what was read so far has to do.
                isTimedOut = true
                child.signal(SIGKILL)
                break
            }
            for event in events {
                let index = Int(event.token)
                let count = try (index == 0 ? stdout.read(into: &buffer) : stderr.read(into: &buffer)) ?? 0
                if count == 0 {
                    try epoll.remove(index == 0 ? stdout.rawValue : stderr.rawValue)
                    open -= 1
                }
                let room = outputLimitBytes - texts[index].count
                texts[index].append(contentsOf: buffer[..<min(count, max(0, room))])
            }
        }
        return ProcessOutput(
            status: child.wait(), standardOutput: String(decoding: texts[0], as: UTF8.self),
            standardError: String(decoding: texts[1], as: UTF8.self), isTimedOut: isTimedOut)
    }
}
