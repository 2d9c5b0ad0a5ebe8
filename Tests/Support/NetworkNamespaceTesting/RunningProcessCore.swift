import Glibc
import LinuxSystem
import Synchronization

struct LineWaiter {
    let text: String
    /// The first line that was not looked at yet.
    var next: Int
    let deadline: ContinuousClock.Instant
    let continuation: CheckedContinuation<String, any Error>
}

struct ExitWaiter {
    let deadline: ContinuousClock.Instant
    let continuation: CheckedContinuation<ExitStatus, any Error>
}

/// What a `RunningProcess` shares with the thread that reads its pipes. The thread ends with the
/// process, so it never keeps one alive.
final class RunningProcessCore: Sendable {
    private struct State {
        var lines: [String] = []
        var status: ExitStatus?
        var lineWaiters: [LineWaiter] = []
        var exitWaiters: [ExitWaiter] = []
    }

    /// More lines than this are a runaway: the rest is read and thrown away.
    private static let lineLimit = 200_000

    let child: ChildProcess
    private let state = Mutex(State())
    private let wake: WakeDescriptor

    var lines: [String] { state.withLock { $0.lines } }

    private init(child: ChildProcess) throws(Errno) {
        self.child = child
        wake = try WakeDescriptor()
    }

    static func start(_ request: ProcessRequest, namespace: Int32?) throws -> RunningProcessCore {
        var stdout = try Pipe()
        var stderr = try Pipe()
        let null = try FileDescriptor(opening: "/dev/null")
        let child = try ChildProcess(
            request, input: null.rawValue, output: stdout.writer, error: stderr.writer, namespace: namespace)
        stdout.closeWriter()
        stderr.closeWriter()
        let core = try RunningProcessCore(child: child)
        let output = try stdout.reader.duplicate().release()
        let error = try stderr.reader.duplicate().release()
        _ = try DedicatedThread(named: "read-process") {
            core.readAll(FileDescriptor(owning: output), FileDescriptor(owning: error))
        }
        return core
    }

    func add(_ waiter: LineWaiter) {
        state.withLock { $0.lineWaiters.append(waiter) }
        serve()
        wake.signal()
    }

    func add(_ waiter: ExitWaiter) {
        state.withLock { $0.exitWaiters.append(waiter) }
        serve()
        wake.signal()
    }

    private func readAll(_ output: consuming FileDescriptor, _ error: consuming FileDescriptor) {
        do {
            try output.setNonblocking()
            try error.setNonblocking()
            let epoll = try Epoll()
            try epoll.add(output.rawValue, .readable, token: 0)
            try epoll.add(error.rawValue, .readable, token: 1)
            try epoll.add(child.exitDescriptor, .readable, token: 2)
            try epoll.add(wake.rawValue, .readable, token: 3)
            var partial: [[UInt8]] = [[], []]
            var hasEnded = false
            while !hasEnded {
                let deadline = nextDeadline()
                for event in try epoll.wait(timeout: deadline.map { ContinuousClock.now.duration(to: $0) }) {
                    switch event.token {
                    case 0: if try drain(output, &partial[0]) { try epoll.remove(output.rawValue) }
                    case 1: if try drain(error, &partial[1]) { try epoll.remove(error.rawValue) }
                    case 2: hasEnded = true
                    default: wake.clear()
                    }
                }
                if !hasEnded { serve() }
            }
            // What it printed last is in the pipes still. Its own children may hold them open: they
            // are not waited for.
            _ = try drain(output, &partial[0])
            _ = try drain(error, &partial[1])
            for rest in partial where !rest.isEmpty { append(String(decoding: rest, as: UTF8.self)) }
        } catch {
            append("test support cannot read the process: \(error)")
            child.signal(SIGKILL)
        }
        let status = child.wait()
        state.withLock { $0.status = status }
        serve()
    }

    /// Reads until there is nothing more for now; true at the end of the file.
    private func drain(_ pipe: borrowing FileDescriptor, _ partial: inout [UInt8]) throws(Errno) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 16384)
        while let count = try pipe.read(into: &buffer) {
            if count == 0 { return true }
            partial.append(contentsOf: buffer[..<count])
            while let end = partial.firstIndex(of: UInt8(ascii: "\n")) {
                append(String(decoding: partial[..<end], as: UTF8.self))
                partial.removeSubrange(...end)
            }
        }
        return false
    }

    private func append(_ line: String) {
        state.withLock { state in
            if state.lines.count < RunningProcessCore.lineLimit { state.lines.append(line) }
        }
    }

    private func nextDeadline() -> ContinuousClock.Instant? {
        state.withLock { state in
            (state.lineWaiters.map(\.deadline) + state.exitWaiters.map(\.deadline)).min()
        }
    }

    /// Answers every waiter whose line came, whose time is up, or who can wait no longer.
    private func serve() {
        let answers = state.withLock { state -> [() -> Void] in
            var answers: [() -> Void] = []
            let (lines, status, now) = (state.lines, state.status, ContinuousClock.now)
            func gaveUp() -> String {
                (status.map { "the process ended with \($0)" } ?? "out of time")
                    + "; it printed:\n" + lines.suffix(50).joined(separator: "\n")
            }
            state.lineWaiters = state.lineWaiters.compactMap { waiter in
                var waiter = waiter
                let continuation = waiter.continuation
                if let line = lines.dropFirst(waiter.next).first(where: { contains($0, waiter.text) }) {
                    answers.append { continuation.resume(returning: line) }
                } else if status != nil || waiter.deadline <= now {
                    let error = TestSupportError("no line with \"\(waiter.text)\": \(gaveUp())")
                    answers.append { continuation.resume(throwing: error) }
                } else {
                    waiter.next = max(waiter.next, lines.count)
                    return waiter
                }
                return nil
            }
            state.exitWaiters = state.exitWaiters.filter { waiter in
                let continuation = waiter.continuation
                if let status {
                    answers.append { continuation.resume(returning: status) }
                } else if waiter.deadline <= now {
                    let error = TestSupportError("it did not end: \(gaveUp())")
                    answers.append { continuation.resume(throwing: error) }
                } else {
                    return true
                }
                return false
            }
            return answers
        }
        for answer in answers { answer() }
    }
}

/// Byte-wise substring search, which the standard library has only together with Foundation.
private func contains(_ line: String, _ text: String) -> Bool {
    let (line, text) = (Array(line.utf8), Array(text.utf8))
    guard line.count >= text.count else { return false }
    return (0...(line.count - text.count)).contains { line[$0..<($0 + text.count)].elementsEqual(text) }
}
