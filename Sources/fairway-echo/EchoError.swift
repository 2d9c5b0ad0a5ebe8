import Glibc
import LinuxSystem

/// What was asked for and cannot be done; one line for whoever started the program.
struct EchoError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Writes one line to standard error, where logs go.
func printError(_ line: String) { write(line, to: STDERR_FILENO) }

/// Writes one line to standard output, where results go, at once even into a pipe.
func printResult(_ line: String) { write(line, to: STDOUT_FILENO) }

func exitProcess(_ code: Int32) -> Never { Glibc.exit(code) }

private func write(_ line: String, to descriptor: Int32) {
    let bytes = Array((line + "\n").utf8)
    // A reader that went away is no reason to stop serving.
    _ = try? syscall("write") {
        // SAFETY: the kernel reads `count` bytes of memory borrowed for the call.
        unsafe bytes.withUnsafeBufferPointer { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
    }
}
