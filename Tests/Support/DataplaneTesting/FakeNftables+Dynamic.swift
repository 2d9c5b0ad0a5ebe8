package import Netlink

extension FakeNftables {
    /// Lets time pass: elements whose time is over are gone. The kernel hides them at once and collects them
    /// a little later; until then they count for the set's size, which they do not here.
    package mutating func advance(milliseconds: UInt64) {
        state.now += milliseconds
        for (name, deadlines) in state.deadlines {
            for (key, deadline) in deadlines where deadline <= state.now { state.remove(key, from: name) }
        }
    }

    /// Adds elements to a set by its name, all or none.
    package mutating func add(_ elements: [NftablesElement], toSet name: String) throws(FakeNftablesError) {
        try change { (step) throws(FakeNftablesError) in
            for element in elements { try step.add(element, to: name) }
        }
    }

    /// Deletes elements from a set by its name, all or none.
    package mutating func delete(_ elements: [NftablesElement], fromSet name: String) throws(FakeNftablesError) {
        try change { (step) throws(FakeNftablesError) in
            for element in elements { try step.delete(element, from: name) }
        }
    }

    /// Elements of any set by its name, in no order, with the time they have left.
    package func elements(ofSet name: String) -> [NftablesElement] {
        (state.elements[name] ?? [:]).map { state.timed($0.value, $0.key, in: name) }
    }
}

extension FakeNftables.State {
    typealias Key = FakeNftables.ElementKey

    /// Keeps an element; the time it has left becomes a deadline.
    mutating func store(_ element: NftablesElement, in name: String) {
        var stored = element
        if stored.timeoutMilliseconds == 0 { stored.timeoutMilliseconds = nil }
        stored.expirationMilliseconds = nil
        let key = Key(bytes: element.key, isIntervalEnd: element.isIntervalEnd)
        elements[name, default: [:]][key] = stored
        let left = element.expirationMilliseconds ?? stored.timeoutMilliseconds
        if let left { deadlines[name, default: [:]][key] = now + left }
    }

    /// Whether it was there.
    @discardableResult
    mutating func remove(_ key: Key, from name: String) -> Bool {
        deadlines[name]?[key] = nil
        if deadlines[name]?.isEmpty == true { deadlines[name] = nil }
        return elements[name]?.removeValue(forKey: key) != nil
    }

    /// The element with the time it has left.
    func timed(_ element: NftablesElement, _ key: Key, in name: String) -> NftablesElement {
        guard let deadline = deadlines[name]?[key] else { return element }
        var timed = element
        timed.expirationMilliseconds = deadline - now
        return timed
    }

    /// What nft_dynset_eval does: whether the rule goes on. In the kernel a deleted element counts for the
    /// set's size until it is collected.
    mutating func change(
        _ operation: RuleExpression.DynamicSetOperation, _ name: String, key bytes: [UInt8], data: [UInt8]?,
        timeoutMilliseconds: UInt64?
    ) -> Bool {
        let key = Key(bytes: bytes, isIntervalEnd: false)
        let found = elements[name]?[key]
        switch operation {
        case .delete:
            remove(key, from: name)
            return true
        case .add where found != nil: return true
        case .update where found != nil:
            // Its data stays, and so does the timeout it was made with; only the deadline moves.
            guard found?.timeoutMilliseconds != nil else { return true }
            if let timeoutMilliseconds {
                deadlines[name, default: [:]][key] = now + timeoutMilliseconds
            } else {
                // The set has no timeout of its own: nothing is left of the element's.
                remove(key, from: name)
            }
            return true
        case .add, .update:
            if let size = sets[name]?.size, (elements[name]?.count ?? 0) >= Int(size) { return false }
            store(
                NftablesElement(
                    key: bytes, data: data.map { .value($0) }, timeoutMilliseconds: timeoutMilliseconds), in: name)
            return true
        }
    }

    /// The element of a concatenated interval set whose range, field by field, holds the key.
    func range(holding key: [UInt8], in name: String) -> (key: Key, element: NftablesElement)? {
        guard let set = sets[name] else { return nil }
        let found = elements[name]?.first { $0.value.overlaps(key, key, fields: set.key) }
        return found.map { ($0.key, $0.value) }
    }
}

extension NftablesElement {
    /// Whether some key is both in this range and in the other one, first to last.
    func overlaps(_ first: [UInt8], _ last: [UInt8], fields: [NftablesField]) -> Bool {
        let end = keyEnd ?? key
        var position = 0
        for field in fields {
            let place = position..<position + field.byteCount
            if last[place].lexicographicallyPrecedes(key[place]) { return false }
            if end[place].lexicographicallyPrecedes(first[place]) { return false }
            position += field.paddedByteCount
        }
        return true
    }

    /// Whether no field's range ends before it begins.
    func isOrdered(fields: [NftablesField]) -> Bool {
        guard let keyEnd else { return true }
        var position = 0
        for field in fields {
            let place = position..<position + field.byteCount
            if keyEnd[place].lexicographicallyPrecedes(key[place]) { return false }
            position += field.paddedByteCount
        }
        return true
    }
}
