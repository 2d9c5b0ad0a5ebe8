package import KubernetesModel
internal import NetworkTypes

/// Why a Service did not get what it asks for.
enum AllocationRefusal: Sendable, Hashable {
    /// Another Service names the same address or port.
    case taken(AllocationDemand.Claim, by: ObjectKey)
    case outOfRange(AllocationDemand.Claim)
    case exhausted(AllocationSlot)
    /// No service range has the family that the Service asks for.
    case noRange(IPFamily)
}

/// An allocated address or port that another Service asked for by name, and what came in its place.
package struct AllocationMove: Sendable, Hashable, CustomStringConvertible {
    package var service: ObjectKey
    package var slot: AllocationSlot
    package var from: AllocatedResource
    package var to: AllocatedResource
    /// The Service that names `from`.
    package var claimant: ObjectKey

    package var description: String {
        "Service \(service): \(slot) moved from \(from) to \(to), for Service \(claimant) names \(from)"
    }
}

/// What a change did to Services: to those changed, those that had to move, and those that waited.
struct AllocationOutcome {
    enum Verdict {
        case accepted([AllocationSlot: AllocatedResource])
        /// `keepsEarlier`: what the Service held before is still its own.
        case refused(AllocationRefusal, keepsEarlier: Bool)
    }

    var verdicts: [ObjectKey: Verdict] = [:]
    var moves: [AllocationMove] = []
    /// Services whose allocations are not what they were.
    var changedRecords: Set<ObjectKey> = []
}
