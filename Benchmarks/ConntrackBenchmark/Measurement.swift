import Conntrack
import Glibc
import LinuxSystem
import Measuring
import Netlink
import NetworkTypes
import ServiceTable

/// What is measured.
enum Mode: String, CaseIterable, Sendable {
    /// As the daemon does it: one question for each frontend, or one for all when there are many.
    case fairway
    /// One question for each frontend, however many.
    case questionEach = "question-each"
    /// One question for all frontends, however few.
    case questionShared = "question-shared"
    /// The kernel's own filtered delete, once for each removal (Linux 6.8).
    case filteredDelete = "filtered-delete"
    /// Every entry read, nothing done.
    case wholeDump = "whole-dump"
    /// Debian's `conntrack -D`, once for each removal.
    case conntrackTool = "conntrack-tool"

    /// Walks the table once for each removal: of many removals one sample is enough.
    var walksForEach: Bool { self == .questionEach || self == .filteredDelete || self == .conntrackTool }
}

/// Runs one mode in the network namespace of the calling thread, which is empty.
struct Measurement {
    let flows: FlowTable
    let removals: Int
    let samples: Int

    func run(_ mode: Mode) throws -> Row {
        let socket = try ConntrackSocket()
        try flows.insert(into: socket)
        let (old, new) = (flows.table(removals: 0), flows.table(removals: removals))
        let change = new.changes(from: old)
        var times: [Double] = []
        var deleted = 0
        for _ in 0..<samples {
            let before = try socket.count()
            let started = ContinuousClock.now
            try remove(mode, change)
            times.append((ContinuousClock.now - started).inSeconds)
            deleted = before - (try socket.count())
            let expected = mode == .wholeDump ? 0 : flows.staleCount(removals: removals)
            guard deleted == expected else {
                throw MeasurementError(description: "\(mode.rawValue): \(deleted) deleted, \(expected) were stale")
            }
            if deleted > 0 { try flows.insert(into: socket, removals: removals) }
        }
        return Row(
            mode: mode.rawValue, entries: flows.entries, removals: removals, deletedEntries: deleted,
            samples: samples, medianMilliseconds: (times.median * 1_000_00).rounded() / 100,
            peakMegabytes: (try peakBytes(mode) / 1e5).rounded() / 10)
    }

    private func remove(_ mode: Mode, _ change: ServiceTableChange) throws {
        switch mode {
        case .fairway: try sweep(change, FlowSweeper.defaultQuestionLimit)
        case .questionEach: try sweep(change, .max)
        case .questionShared: try sweep(change, 0)
        case .filteredDelete:
            let socket = try ConntrackSocket()
            for service in 0..<removals { try socket.deleteAll(matching: flows.peerFilter(service)) }
        case .wholeDump:
            var count = 0
            try ConntrackSocket().forEachEntry(matching: ConntrackFilter(family: .ipv4), restart: { count = 0 }) { _ in
                count += 1
            }
            guard count == flows.entries else {
                throw MeasurementError(description: "\(count) of \(flows.entries) entries were read")
            }
        case .conntrackTool:
            for service in 0..<removals {
                let output = try ProcessRequest(path: "/usr/sbin/conntrack", arguments: flows.peerArguments(service))
                    .collectOutput(timeout: .seconds(60))
                guard output.status.isSuccess else { throw MeasurementError(description: "conntrack: \(output)") }
            }
        }
    }

    private func sweep(_ change: ServiceTableChange, _ questionLimit: Int) throws {
        let sweeps = StaleFlows(closesTCP: false).sweeps(of: change, family: .ipv4)
        _ = try FlowSweeper(closesTCP: false, questionLimit: questionLimit).run(sweeps) {
            FlowSweeper.Tables(generation: 0, tables: [change.new])
        }
    }

    /// Of this process, or of the largest of the peer's.
    private func peakBytes(_ mode: Mode) throws -> Double {
        guard mode == .conntrackTool else { return Double(try ResidentMemory().peakBytes) }
        var usage = rusage()
        // SAFETY: the kernel fills in a local.
        guard unsafe getrusage(RUSAGE_CHILDREN.rawValue, &usage) == 0 else { return 0 }
        return Double(usage.ru_maxrss) * 1024
    }
}
