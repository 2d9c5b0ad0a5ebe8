internal import KubernetesModel

extension DocumentTree {
    /// The keys and indices that lead from the root to a node. O(depth x siblings): for faults only.
    func codingPath(to index: Index) -> [any CodingKey] {
        var path: [any CodingKey] = []
        var index = index
        while index >= 0, self[index].parent >= 0 {
            let parent = self[index].parent
            let siblings = children(of: parent)
            let position = siblings.firstIndex(of: index) ?? 0
            if self[parent].kind == .sequence {
                path.append(AnyCodingKey(intValue: position))
            } else {
                path.append(AnyCodingKey(stringValue: string(siblings[position - position % 2]) ?? ""))
            }
            index = parent
        }
        return path.reversed()
    }

    /// The node a fault of a field is shown at: the field, or what holds it when it is missing; a map
    /// or list is shown at its key, which is where a reader looks for it.
    func node(at path: FieldPath) -> Index {
        var index = DocumentTree.root
        for component in path.components {
            guard let child = child(component, of: index) else { break }
            index = child
        }
        return key(ofCollection: index) ?? index
    }

    /// The value of a key of a map, or an item of a list; nil when there is none.
    func child(_ component: FieldPath.Component, of index: Index) -> Index? {
        switch component {
        case .key(let key): return value(of: key, in: index)
        case .index(let position):
            let items = self[index].kind == .sequence ? children(of: index) : []
            return items.indices.contains(position) ? items[position] : nil
        }
    }

    private func key(ofCollection index: Index) -> Index? {
        let node = self[index]
        guard node.kind == .mapping || node.kind == .sequence, node.parent >= 0,
            self[node.parent].kind == .mapping
        else { return nil }
        return children(of: node.parent).last { $0 >= 0 && self[$0].next == index }
    }

    /// The first key that its mapping holds twice, nil when every key stands alone.
    func duplicateKey() -> Index? {
        for index in nodes.indices where nodes[index].kind == .mapping && nodes[index].childCount > 2 {
            if let key = duplicateKey(in: Index(index)) { return key }
        }
        return nil
    }

    /// Keys of a mapping that are compared pair by pair; more go through a set.
    private static let pairwiseKeyLimit = 16

    private func duplicateKey(in mapping: Index) -> Index? {
        guard self[mapping].childCount > 2 * Self.pairwiseKeyLimit else { return duplicateOfFewKeys(in: mapping) }
        var seen: Set<String> = []
        for (key, _) in entries(of: mapping) {
            if let text = string(key), !seen.insert(text).inserted { return key }
        }
        return nil
    }

    private func duplicateOfFewKeys(in mapping: Index) -> Index? {
        var key = self[mapping].firstChild
        while key >= 0 {
            var earlier = self[mapping].firstChild
            while earlier != key {
                if sameText(earlier, key) { return key }
                earlier = self[self[earlier].next].next
            }
            key = self[self[key].next].next
        }
        return nil
    }

    private func sameText(_ a: Index, _ b: Index) -> Bool {
        let (first, second) = (self[a], self[b])
        if first.kind == .escapedText || second.kind == .escapedText { return string(a) == string(b) }
        return first.length == second.length && raw(a).elementsEqual(raw(b))
    }
}
