import Measuring
import NetworkNamespaceTesting

/// A way that is ready; `stop` leaves nothing of it.
struct RunningWay {
    /// Of the daemon or the proxy.
    var processes: [RunningProcess] = []
    var cleanup: (@Sendable () async throws -> Void)?

    func stop() async throws {
        for process in processes { process.terminate() }
        for process in processes { _ = try await process.waitForExit() }
        try await cleanup?()
    }

    /// Time on processors so far.
    func processorSeconds() throws -> Double {
        try processes.reduce(0) { $0 + (try ProcessorTime.seconds(ofProcess: $1.pid)) }
    }

    /// Kernel memory of the eBPF maps that the processes hold; nil when they hold none.
    func mapBytes() -> Int? { MapMemory.bytes(ofProcesses: processes.map { "\($0.pid)" }) }
}
