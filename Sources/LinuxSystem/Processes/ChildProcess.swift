private import CLinux
import Glibc
import Synchronization

/// How a process ended.
package enum ExitStatus: Sendable, Hashable, CustomStringConvertible {
    case exited(Int32)
    case signalled(Int32)

    package var isSuccess: Bool { self == .exited(0) }

    package var description: String {
        switch self {
        case .exited(let code): "exit status \(code)"
        case .signalled(let signal): "signal \(signal)"
        }
    }
}

/// A program to start: no shell, no search of PATH, no descriptor passed on but 0, 1 and 2.
package struct ProcessRequest: Sendable {
    /// The file to execute.
    package var path: String
    /// Without the name of the program itself.
    package var arguments: [String]
    /// `KEY=VALUE` lines; nil passes this process's own on.
    package var environment: [String]?

    package init(path: String, arguments: [String] = [], environment: [String]? = nil) {
        self.path = path
        self.arguments = arguments
        self.environment = environment
    }
}

/// A running program and a pidfd to it, which unlike a pid can never come to mean another one.
///
/// Dropped while it runs, it is killed and reaped: none outlives its owner.
package final class ChildProcess: Sendable {
    package let pid: Int32
    private let pidfd: FileDescriptor
    private let ended = Mutex<ExitStatus?>(nil)

    /// Starts a program, with the given descriptors as its 0, 1 and 2, inside `namespace` if given.
    package init(
        _ request: ProcessRequest, input: Int32, output: Int32, error: Int32, namespace: Int32? = nil
    ) throws(SystemError) {
        let arguments = nulTerminated([request.path] + request.arguments)
        let environment = nulTerminated(request.environment ?? currentEnvironment())
        var descriptor: Int32 = -1
        let pid = try attempting("run \(request.path)") { () throws(Errno) in
            try syscall("clone3") {
                // SAFETY: all three buffers live for the call, and the C side copies what it keeps.
                unsafe request.path.withCString { path in
                    unsafe arguments.bytes.withUnsafeBufferPointer { argumentBytes in
                        unsafe environment.bytes.withUnsafeBufferPointer { environmentBytes in
                            var c = unsafe clinux_spawn_request(
                                path: path, arguments: argumentBytes.baseAddress,
                                argument_count: arguments.count,
                                environment: environmentBytes.baseAddress,
                                environment_count: environment.count, standard_input: input,
                                standard_output: output, standard_error: error,
                                network_namespace: namespace ?? -1)
                            return unsafe clinux_spawn(&c, &descriptor)
                        }
                    }
                }
            }
        }
        self.pid = pid
        pidfd = FileDescriptor(owning: descriptor)
    }

    deinit {
        guard ended.withLock({ $0 }) == nil else { return }
        signal(SIGKILL)
        _ = reap(block: true)
    }

    /// Readable once the process has ended.
    package var exitDescriptor: Int32 { pidfd.rawValue }

    /// Sends a signal; false when the process has ended already.
    @discardableResult
    package func signal(_ number: Int32) -> Bool {
        clinux_signal(pidfd.rawValue, number) == 0
    }

    /// How it ended, nil while it runs.
    package func statusIfEnded() -> ExitStatus? { reap(block: false) }

    /// Waits for its end. Not for the cooperative pool.
    package func wait() -> ExitStatus {
        guard let status = reap(block: true) else { preconditionFailure("a blocking wait returns a status") }
        return status
    }

    private func reap(block: Bool) -> ExitStatus? {
        ended.withLock { ended in
            if let ended { return ended }
            var (code, status): (Int32, Int32) = (0, 0)
            // SAFETY: two integers that the C side writes during the call.
            guard unsafe clinux_wait(pidfd.rawValue, block ? 1 : 0, &code, &status) == 0, code != 0 else {
                return nil
            }
            ended = code == Int32(CLD_EXITED) ? .exited(status) : .signalled(status)
            return ended
        }
    }
}

/// Strings one after the other, each with its NUL, as `clinux_spawn` takes them.
private func nulTerminated(_ strings: [String]) -> (bytes: [CChar], count: Int) {
    var bytes = strings.flatMap { $0.utf8.filter { $0 != 0 }.map { CChar(bitPattern: $0) } + [0] }
    if bytes.isEmpty { bytes = [0] }
    return (bytes, strings.count)
}

private func currentEnvironment() -> [String] {
    // Read from the kernel rather than `environ`, which another thread may be changing.
    guard let file = try? FileDescriptor(opening: "/proc/self/environ"), let bytes = try? file.readAll() else {
        return []
    }
    return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
}
