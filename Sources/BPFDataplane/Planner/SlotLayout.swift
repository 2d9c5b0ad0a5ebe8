internal import Dataplane
internal import LoadBalancing
internal import ServiceTable

extension Scheduler {
    /// What the slots of a set stand for, as indexes into its backends. The kernel draws one, or compares what they stand
    /// for itself.
    func slotLayout(of backends: [Backend]) -> [Int] {
        method.slots(
            of: backends.map { MaglevTable.Entry(address: $0.address, port: $0.port, weight: $0.weight) })
    }
}
