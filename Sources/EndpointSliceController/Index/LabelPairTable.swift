internal import KubernetesModel

/// A label of one namespace.
struct LabelPair: Hashable {
    let namespace: String
    let key: String
    let value: String
}

typealias LabelPairID = Int32
typealias PodID = Int32
typealias ServiceID = Int32

/// The labels that pods and selectors have, as numbers: which pods carry each, and which Services
/// are looked up by it. A label that nobody names any more is forgotten.
struct LabelPairTable {
    struct Entry {
        var pair: LabelPair
        var pods: Set<PodID> = []
        /// Services that chose this pair as the one of their selector to be found by.
        var services: [ServiceID] = []
        /// Pods that carry the pair, and selectors that name it.
        var uses = 0
    }

    private var ids: [LabelPair: LabelPairID] = [:]
    private(set) var entries: [Entry] = []
    private var free: [LabelPairID] = []

    subscript(id: LabelPairID) -> Entry {
        get { entries[Int(id)] }
        _modify { yield &entries[Int(id)] }
    }

    /// The numbers of these labels in rising order, each taken one time more.
    mutating func take(_ labels: [String: String], namespace: String) -> [LabelPairID] {
        var taken: [LabelPairID] = []
        taken.reserveCapacity(labels.count)
        for (key, value) in labels {
            let id = id(of: LabelPair(namespace: namespace, key: key, value: value))
            entries[Int(id)].uses += 1
            taken.append(id)
        }
        taken.sort()
        return taken
    }

    /// The numbers of these labels in rising order, when every one is known; takes none.
    func known(_ labels: [String: String], namespace: String) -> [LabelPairID]? {
        var found: [LabelPairID] = []
        found.reserveCapacity(labels.count)
        for (key, value) in labels {
            guard let id = ids[LabelPair(namespace: namespace, key: key, value: value)] else { return nil }
            found.append(id)
        }
        found.sort()
        return found
    }

    /// Gives back what `take` took.
    mutating func release(_ taken: [LabelPairID]) {
        for id in taken {
            entries[Int(id)].uses -= 1
            guard entries[Int(id)].uses == 0 else { continue }
            ids[entries[Int(id)].pair] = nil
            entries[Int(id)] = Entry(pair: LabelPair(namespace: "", key: "", value: ""))
            free.append(id)
        }
    }

    private mutating func id(of pair: LabelPair) -> LabelPairID {
        if let id = ids[pair] { return id }
        let id = entries.place(Entry(pair: pair), free: &free)
        ids[pair] = id
        return id
    }
}
