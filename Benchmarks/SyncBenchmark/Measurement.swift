import BPFDataplane
import Dataplane
import Glibc
import KubernetesModel
import LinuxSystem
import Measuring
import NetworkTypes
import NftablesDataplane
import ObjectStore
import ServicePolicy
import ServiceTable

/// The way of an event from the store to committed kernel state, timed in one process.
struct Measurement {
    let cluster: ClusterSize
    let samples: Int
    /// What keeps the ebpf mode's maps; nil: nftables.
    let pins: BPFPins?

    private static let hostAddresses = [IPAddress(v4: 0xC000_0201)]

    /// Store, policy and dataplane, driven as the daemon drives them.
    private struct Pipeline<Plane: Dataplane & ~Copyable>: ~Copyable {
        var store: ObjectStore
        var policy: ServicePolicy
        var dataplane: Plane
        /// Until the dataplane knows what the kernel holds; in the ebpf mode programs are loaded meanwhile.
        let openSeconds: Double
        /// From the snapshot to the last commit of the first synchronisation.
        let firstSyncSeconds: Double
        let firstReports: [SyncReport]

        /// Opens the dataplane and synchronises both families.
        init(_ cluster: ClusterSize, _ open: () throws -> Plane) throws {
            var generator = cluster.generator
            var store = ObjectStore()
            let dirty = store.apply(generator.events())
            var started = ContinuousClock.now
            var dataplane = try open()
            var policy = ServicePolicy(options: Self.options(), adoptedOrder: try dataplane.adoptOrder())
            let openSeconds = (ContinuousClock.now - started).inSeconds
            started = .now
            let change = policy.update(
                snapshot: store.snapshot, dirty: dirty, hostAddresses: Measurement.hostAddresses)
            var reports: [SyncReport] = []
            for family in IPFamily.allCases { reports.append(try dataplane.synchronize(change.new, family: family)) }
            firstSyncSeconds = (ContinuousClock.now - started).inSeconds
            policy.finishAdoption()
            (self.store, self.policy, self.openSeconds, firstReports) = (store, policy, openSeconds, reports)
            self.dataplane = dataplane
        }

        private static func options() -> PolicyOptions {
            PolicyOptions(
                nodeName: "node-1", clusterCIDRs: [IPPrefix(IPAddress(v4: 0x0B00_0000), length: 8)].compactMap { $0 })
        }

        /// From an event to both families committed.
        mutating func apply(_ events: [StoreEvent]) throws -> Double {
            let started = ContinuousClock.now
            let dirty = store.apply(events)
            let change = policy.update(
                snapshot: store.snapshot, dirty: dirty, hostAddresses: Measurement.hostAddresses)
            for family in IPFamily.allCases { _ = try dataplane.apply(change, family: family) }
            return (ContinuousClock.now - started).inSeconds
        }

        mutating func times(_ samples: Int, _ cluster: ClusterSize) throws -> [ClusterChanges.Kind: [Double]] {
            var change = ClusterChanges(services: cluster.services, seed: cluster.seed)
            var times: [ClusterChanges.Kind: [Double]] = [:]
            for _ in 0..<samples {
                for kind in ClusterChanges.Kind.allCases {
                    let events = change.events(kind, store.snapshot)
                    times[kind, default: []].append(try apply(events))
                }
            }
            return times
        }
    }

    /// Loads the cluster, unless an earlier process did.
    ///
    /// - Returns: seconds until this process knows that the kernel is in sync.
    func load(expectingLoaded isLoaded: Bool) throws -> Double {
        if let pins {
            return try seconds(try Pipeline(cluster) { pins.dataplane() }, isLoaded)
        }
        return try seconds(try Pipeline(cluster) { try NftablesDataplane() }, isLoaded)
    }

    private func seconds<Plane: Dataplane & ~Copyable>(_ run: borrowing Pipeline<Plane>, _ isLoaded: Bool) throws -> Double {
        guard run.firstReports.allSatisfy(\.isEmpty) == isLoaded else {
            throw MeasurementError(
                description: "\(isLoaded ? "the same cluster was written again" : "it was there"): \(run.firstReports)")
        }
        return run.openSeconds + run.firstSyncSeconds
    }

    func measure() throws -> Row {
        if let pins {
            var run = try Pipeline(cluster) { pins.dataplane() }
            var row = try row(&run, mode: BPFDataplane.modeName)
            row.mapMegabytes = Double(MapMemory.bytes(ofProcesses: ["self"]) ?? 0) / 1e6
            return row
        }
        var run = try Pipeline(cluster) { try NftablesDataplane() }
        var row = try row(&run, mode: NftablesDataplane.modeName)
        let counts = try run.dataplane.kernelCounts()
        (row.chains, row.rules) = (counts.chains, counts.rules)
        return row
    }

    private func row<Plane: Dataplane & ~Copyable>(_ run: inout Pipeline<Plane>, mode: String) throws -> Row {
        let resident = try ResidentMemory().currentBytes
        let times = try run.times(samples, cluster)
        let memory = try ResidentMemory()
        func percentiles(_ kind: ClusterChanges.Kind) -> Row.Percentiles { .init(seconds: times[kind] ?? []) }
        return Row(
            services: cluster.services, endpoints: cluster.meanEndpoints, mode: mode, openSeconds: run.openSeconds,
            firstSyncSeconds: run.firstSyncSeconds, changeMilliseconds: percentiles(.replace),
            shrinkMilliseconds: percentiles(.shrink), growMilliseconds: percentiles(.grow),
            addMilliseconds: percentiles(.add), removeMilliseconds: percentiles(.remove), restartSeconds: 0,
            residentMegabytes: Double(max(resident, memory.currentBytes)) / 1e6,
            peakMegabytes: Double(memory.peakBytes) / 1e6,
            transactions: run.firstReports.reduce(0) { $0 + $1.transactions })
    }
}
