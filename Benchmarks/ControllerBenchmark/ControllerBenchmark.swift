import ArgumentParser
import EndpointSliceController
import KubernetesModel
import LinuxSystem
import Measuring
import ObjectStore

/// Measures endpoints from pods: all slices at first, then one changed pod at a time.
@main
struct ControllerBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "controller-benchmark",
        abstract: "Seconds until pods are EndpointSlices, and milliseconds for one changed pod.")

    @Option(help: "Pods in the cluster.")
    var pods = 100_000

    @Option(help: "Services in the cluster.")
    var services = 10_000

    @Option(help: "Pods changed one at a time, for each kind of change.")
    var changes = 1000

    @Flag(help: "Print one JSON object instead of a table.")
    var json = false

    func validate() throws {
        guard services > 0, pods >= services, changes > 0 else {
            throw ValidationError("--services and --changes must be at least 1, and --pods at least --services")
        }
    }

    func run() throws {
        let cluster = SyntheticCluster(pods: pods, services: services)
        var store = ObjectStore()
        _ = store.apply(cluster.objects.map(StoreEvent.set))
        var controller = EndpointSliceController()

        let clock = ContinuousClock()
        let first = clock.measure {
            let written = controller.update(snapshot: store.snapshot, dirty: DirtyKeys())
            let dirty = store.apply(written)
            precondition(controller.update(snapshot: store.snapshot, dirty: dirty).isEmpty, "not idempotent")
        }
        let slices = store.snapshot.endpointSlices.count
        let endpoints = store.snapshot.endpointSlices.values.reduce(0) { $0 + $1.endpoints.count }
        precondition(endpoints == pods, "\(endpoints) endpoints for \(pods) pods")
        let residentAfterFirst = try ResidentMemory().currentMegabytes

        var relabels: [Duration] = []
        var readiness: [Duration] = []
        for number in 0..<changes {
            let notReady = cluster.madeNotReady(number, store.snapshot)
            readiness.append(clock.measure { Self.change(notReady, &store, &controller) })
            let relabelled = cluster.relabelled(number, store.snapshot)
            relabels.append(clock.measure { Self.change(relabelled, &store, &controller) })
        }
        let memory = try ResidentMemory()
        let row = BenchmarkRow(
            pods: pods, services: services, largestServicePods: cluster.largestServicePods, slices: slices,
            firstSlicesSeconds: first.inSeconds, relabelMilliseconds: Percentiles(relabels),
            notReadyMilliseconds: Percentiles(readiness), residentAfterFirstMegabytes: residentAfterFirst,
            residentMegabytes: memory.currentMegabytes, peakMegabytes: memory.peakMegabytes)
        print(json ? try BenchmarkReport(rows: [row]).json() : BenchmarkReport(rows: [row]).table())
    }

    /// The whole way of one event: into the store, slices decided, slices in the store, and the
    /// controller sees its own writes.
    private static func change(
        _ object: KubernetesObject, _ store: inout ObjectStore, _ controller: inout EndpointSliceController
    ) {
        let dirty = store.apply([.set(object)])
        let written = controller.update(snapshot: store.snapshot, dirty: dirty)
        let fedBack = store.apply(written)
        _ = controller.update(snapshot: store.snapshot, dirty: fedBack)
    }
}
