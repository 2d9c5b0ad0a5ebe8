import Dataplane
import Glibc
import KubernetesModel
import LinuxSystem
import NetworkTypes
import NftablesDataplane
import ObjectStore
import ServicePolicy
import ServiceTable

/// What went wrong in a measurement.
struct MeasurementError: Error, CustomStringConvertible {
    let description: String
}

/// The way of an event from the store to committed kernel tables, timed in one process.
struct Measurement {
    let services: Int
    let meanEndpoints: Int
    let samples: Int
    let seed: UInt64
    let hasExtras: Bool

    private static let hostAddresses = [IPAddress(v4: 0xC000_0201)]

    /// Store, policy and dataplane, driven as the daemon drives them.
    private struct Pipeline: ~Copyable {
        var store: ObjectStore
        var policy: ServicePolicy
        var dataplane: NftablesDataplane
        /// From the snapshot to the last commit of the first synchronisation.
        let firstSyncSeconds: Double
        let firstReports: [SyncReport]

        /// From an event to committed tables of both families.
        mutating func apply(_ events: [StoreEvent]) throws -> Double {
            let started = ContinuousClock.now
            let dirty = store.apply(events)
            let change = policy.update(
                snapshot: store.snapshot, dirty: dirty, hostAddresses: Measurement.hostAddresses)
            for family in IPFamily.allCases { _ = try dataplane.apply(change, family: family) }
            return (ContinuousClock.now - started).inSeconds
        }
    }

    private func options() -> PolicyOptions {
        PolicyOptions(
            nodeName: "node-1", clusterCIDRs: [IPPrefix(IPAddress(v4: 0x0B00_0000), length: 8)].compactMap { $0 })
    }

    private func filledStore() -> (ObjectStore, DirtyKeys) {
        var generator = ClusterGenerator(
            services: services, meanEndpoints: meanEndpoints, seed: seed, hasExtras: hasExtras)
        var store = ObjectStore()
        let dirty = store.apply(generator.events())
        return (store, dirty)
    }

    /// Opens the dataplane and synchronises both families. Seconds from the snapshot to the last commit.
    private func start(
        _ store: ObjectStore, _ dirty: DirtyKeys
    ) throws -> Pipeline {
        let started = ContinuousClock.now
        var dataplane = try NftablesDataplane()
        var policy = ServicePolicy(options: options(), adoptedOrder: try dataplane.adoptOrder())
        let change = policy.update(snapshot: store.snapshot, dirty: dirty, hostAddresses: Self.hostAddresses)
        var reports: [SyncReport] = []
        for family in IPFamily.allCases { reports.append(try dataplane.synchronize(change.new, family: family)) }
        let seconds = (ContinuousClock.now - started).inSeconds
        policy.finishAdoption()
        return Pipeline(
            store: store, policy: policy, dataplane: dataplane, firstSyncSeconds: seconds, firstReports: reports)
    }

    /// Over a table that another process wrote: seconds until this one knows that it is in sync.
    func restartSeconds() throws -> Double {
        let (store, dirty) = filledStore()
        let started = try start(store, dirty)
        guard started.firstReports.allSatisfy(\.isEmpty) else {
            throw MeasurementError(
                description: "the table of the same cluster was written again: \(started.firstReports)")
        }
        return started.firstSyncSeconds
    }

    func measure() throws -> Row {
        let (store, dirty) = filledStore()
        var run = try start(store, dirty)
        let resident = try ResidentMemory().currentBytes
        let restart = try Child.output([
            "--restart-probe", "--services", "\(services)", "--endpoints", "\(meanEndpoints)", "--seed", "\(seed)",
        ] + (hasExtras ? ["--extras"] : []))
        guard let restartSeconds = Double(restart.split(separator: "\n").first ?? "") else {
            throw MeasurementError(description: "the restart probe printed \"\(restart)\"")
        }

        var change = ClusterChanges(services: services, seed: seed)
        var times: [ClusterChanges.Kind: [Double]] = [:]
        for _ in 0..<samples {
            for kind in ClusterChanges.Kind.allCases {
                let events = change.events(kind, run.store.snapshot)
                times[kind, default: []].append(try run.apply(events))
            }
        }
        let counts = try run.dataplane.kernelCounts()
        let memory = try ResidentMemory()
        func percentiles(_ kind: ClusterChanges.Kind) -> Row.Percentiles { .init(seconds: times[kind] ?? []) }
        return Row(
            services: services, endpoints: meanEndpoints, mode: "nftables", firstSyncSeconds: run.firstSyncSeconds,
            changeMilliseconds: percentiles(.replace), shrinkMilliseconds: percentiles(.shrink),
            growMilliseconds: percentiles(.grow), addMilliseconds: percentiles(.add),
            removeMilliseconds: percentiles(.remove), restartSeconds: restartSeconds,
            residentMegabytes: Double(max(resident, memory.currentBytes)) / 1e6,
            peakMegabytes: Double(memory.peakBytes) / 1e6, chains: counts.chains, rules: counts.rules,
            transactions: run.firstReports.reduce(0) { $0 + $1.transactions })
    }
}

extension Duration {
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}

/// This program again, as a process of its own in the same network namespace.
enum Child {
    /// No measurement of one size takes longer.
    private static let timeout = Duration.seconds(1200)

    static func output(_ arguments: [String]) throws -> String {
        let output = try ProcessRequest(path: "/proc/self/exe", arguments: arguments).collectOutput(timeout: timeout)
        guard output.status.isSuccess else {
            throw MeasurementError(description: "\(arguments.joined(separator: " ")): \(output)")
        }
        return output.standardOutput
    }
}
