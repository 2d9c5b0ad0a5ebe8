import Glibc
package import LinuxSystem

/// A program that runs beside the test: what it prints is read as it comes, and can be waited for.
package final class RunningProcess: Sendable {
    private let core: RunningProcessCore

    /// Starts it, in the network namespace of a descriptor or in that of the calling thread.
    package init(_ request: ProcessRequest, namespace: Int32? = nil) throws {
        core = try RunningProcessCore.start(request, namespace: namespace)
    }

    deinit { close() }

    package var pid: Int32 { core.child.pid }

    /// Standard output and standard error so far, line by line, in the order they were read.
    package var lines: [String] { core.lines }

    /// Waits for a line that contains `text`, among those printed already from index `start` on, or yet
    /// to come.
    ///
    /// - Throws: when the time is up, or the program ended without it; says what it did print.
    @discardableResult
    package func waitForLine(
        containing text: String, from start: Int = 0, timeout: Duration = .seconds(15)
    ) async throws -> String {
        try await withCheckedThrowingContinuation { continuation in
            core.add(
                LineWaiter(
                    text: text, next: start, deadline: .now + timeout, continuation: continuation))
        }
    }

    /// Waits for its end; throws when the time is up.
    @discardableResult
    package func waitForExit(timeout: Duration = .seconds(15)) async throws -> ExitStatus {
        try await withCheckedThrowingContinuation { continuation in
            core.add(ExitWaiter(deadline: .now + timeout, continuation: continuation))
        }
    }

    package func signal(_ number: Int32) { core.child.signal(number) }
    /// SIGTERM.
    package func terminate() { signal(SIGTERM) }
    /// SIGKILL.
    package func kill() { signal(SIGKILL) }

    /// Kills it if it still runs, and returns once it is gone.
    package func close() {
        core.child.signal(SIGKILL)
        _ = core.child.wait()
    }
}
