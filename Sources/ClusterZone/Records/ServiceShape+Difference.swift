internal import DNSWire
internal import NetworkTypes

extension ServiceShape {
    /// Writes the nodes that differ between two states of one Service; nil: it is not there.
    static func difference(from old: ServiceShape?, to new: ServiceShape?, into change: inout ZoneChange) {
        if let old, let new, old.name == new.name {
            frameDifference(from: old, to: new, into: &change)
            endpointDifference(from: old, to: new, into: &change)
            return
        }
        if let old {
            change.removed += old.frame.map(\.name)
            change.removed += old.endpoints.compactMap { old.name.prepending($0.label) }
        }
        if let new { new.append(to: &change) }
    }

    private func append(to change: inout ZoneChange) {
        change.nodes += frame
        change.nodes += endpoints.lazy.compactMap { node(of: $0) }
    }

    private static func frameDifference(
        from old: ServiceShape, to new: ServiceShape, into change: inout ZoneChange
    ) {
        guard !old.hasSameFrame(as: new) else { return }
        let ascending = { (a: ZoneNode, b: ZoneNode) in a.name.wire.lexicographicallyPrecedes(b.name.wire) }
        Merge.walk(old.frame.sorted(by: ascending), new.frame.sorted(by: ascending), by: ascending) { before, after in
            if let after {
                if after.sets != before?.sets { change.nodes.append(after) }
            } else if let before {
                change.removed.append(before.name)
            }
        }
    }

    private static func endpointDifference(
        from old: ServiceShape, to new: ServiceShape, into change: inout ZoneChange
    ) {
        guard old.endpoints != new.endpoints else { return }
        let ascending = { (a: EndpointName, b: EndpointName) in a.label.lexicographicallyPrecedes(b.label) }
        Merge.walk(old.endpoints, new.endpoints, by: ascending) { before, after in
            if let after {
                if after != before, let node = new.node(of: after), node != before.flatMap(old.node(of:)) {
                    change.nodes.append(node)
                }
            } else if let name = before.flatMap({ old.name.prepending($0.label) }) {
                change.removed.append(name)
            }
        }
    }
}

/// Two sorted lists walked side by side.
enum Merge {
    /// Calls `body` with the elements of both lists in order, those that are equal in order together. O(n + m).
    static func walk<Element>(
        _ old: [Element], _ new: [Element], by ascending: (Element, Element) -> Bool,
        body: (_ old: Element?, _ new: Element?) -> Void
    ) {
        var (i, j) = (0, 0)
        while i < old.count || j < new.count {
            if i == old.count || j < new.count && ascending(new[j], old[i]) {
                body(nil, new[j])
                j += 1
            } else if j == new.count || ascending(old[i], new[j]) {
                body(old[i], nil)
                i += 1
            } else {
                body(old[i], new[j])
                (i, j) = (i + 1, j + 1)
            }
        }
    }
}
