import BPFDataplane
import NetworkTypes
import ServiceTable

/// What maps mean, whatever ids they use: for each frontend everything that its entry leads to, and how many entries
/// there are.
struct MapsMeaning: Equatable, CustomStringConvertible {
    var frontends: [String] = []
    var sizes: [String] = []
    var node: [String] = []

    init(_ model: MapsModel) {
        let state = model.state
        // Owners are told apart by the frontends that they remember for.
        var owners: [UInt32: Set<String>] = [:]
        for (key, frontend) in state.frontends {
            for scope in [BackendScope.cluster, .local] {
                guard let set = state.sets[BPFSetKey(service: frontend.service, scope: scope)], set.affinityOwner != 0 else { continue }
                owners[set.affinityOwner, default: []].insert(key.description)
            }
        }
        for (key, frontend) in state.frontends {
            let ranges = state.sources.filter { $0.sources == frontend.sources }.map { $0.prefix.description }.sorted()
            var text = "\(key): \(frontend.pod.rawValue) \(frontend.node.rawValue) \(frontend.outside.rawValue)"
            text += frontend.sources == 0 ? "" : " from \(ranges)"
            for scope in [BackendScope.cluster, .local] {
                let key = BPFSetKey(service: frontend.service, scope: scope)
                guard let set = state.sets[key] else { continue }
                text += " \(scope)[\(set.scheduler.rawValue) \(set.affinitySeconds) \(owners[set.affinityOwner, default: []].sorted())"
                text += state.cursors.contains(key) ? " cursor:" : ":"
                for index in 0..<set.slotCount {
                    let id = state.slots[BPFSlotKey(table: set.table, index: index)] ?? 0
                    text += " " + (state.backends[id].map { "\($0.address):\($0.port)*\($0.weight)/\($0.flags.rawValue)" } ?? "?")
                }
                text += "]"
            }
            let siblings = state.siblings.filter { $0.key.service == frontend.service }.map { key, id in
                "\(key.address)->\(state.backends[id].map { "\($0.address):\($0.port)" } ?? "?")"
            }
            frontends.append(text + " \(siblings.sorted())")
        }
        frontends.sort()
        sizes = [
            "sets \(state.sets.count)", "slots \(state.slots.count)", "backends \(state.backends.count)",
            "loads \(state.loads.count)", "cursors \(state.cursors.count)", "siblings \(state.siblings.count)",
            "sources \(state.sources.count)",
        ]
        node = state.nodePortAddresses.map(\.description).sorted() + ["-"] + state.clusterIPs.map(\.description).sorted()
            + ["-"] + state.serviceRanges.map(\.description).sorted() + ["-"] + state.podRanges.map(\.description).sorted()
            + ["\(state.detect)"]
    }

    /// Lines that only one of the two has.
    func differences(from other: MapsMeaning) -> [String] {
        let (own, others) = (frontends + sizes + node, other.frontends + other.sizes + other.node)
        return own.filter { !others.contains($0) }.map { "+ \($0.prefix(300))" }
            + others.filter { !own.contains($0) }.map { "- \($0.prefix(300))" }
    }

    var description: String { (frontends + sizes + node).joined(separator: "\n") }
}
