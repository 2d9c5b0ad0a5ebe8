internal import NetworkTypes
internal import ServiceTable

/// What the maps hold of the node itself, in one family.
struct NodeSets: Sendable {
    var nodePortAddresses: Set<IPAddress> = []
    var serviceRanges: Set<IPPrefix> = []
    var podRanges: Set<IPPrefix> = []

    init() {}

    init(_ kernel: BPFKernelState, _ family: IPFamily) {
        nodePortAddresses = kernel.nodePortAddresses.filter { $0.family == family }
        serviceRanges = kernel.serviceRanges.filter { $0.family == family }
        podRanges = kernel.podRanges.filter { $0.family == family }
    }

    mutating func update(to table: NodeTable, _ family: IPFamily, _ buckets: inout PlanBuckets) {
        var pods: [IPPrefix] = []
        if case .sourcePrefixes(let prefixes) = table.localDetector { pods = prefixes }
        Self.replace(&nodePortAddresses, by: table.nodePortAddresses.filter { $0.family == family }, &buckets) {
            (.nodePortAddress($0), .nodePortAddress($0))
        }
        Self.replace(&serviceRanges, by: table.serviceRanges.filter { $0.family == family }, &buckets) {
            (.serviceRange($0), .serviceRange($0))
        }
        Self.replace(&podRanges, by: pods.filter { $0.family == family }, &buckets) { (.podRange($0), .podRange($0)) }
    }

    private static func replace<Element: Hashable & Comparable>(
        _ held: inout Set<Element>, by wanted: [Element], _ buckets: inout PlanBuckets,
        _ names: (Element) -> (entry: BPFMapEntry, key: BPFMapKey)
    ) {
        let wanted = Set(wanted)
        if wanted == held { return }
        for element in wanted.subtracting(held).sorted() { buckets.addresses.append(.set(names(element).entry)) }
        for element in held.subtracting(wanted).sorted() {
            buckets.removedAddresses.append(.remove(names(element).key))
        }
        held = wanted
    }
}
