internal import NetworkTypes

extension BackendSet {
    /// The set that holds exactly `wanted`, in an order that moves as few backends as possible.
    ///
    /// A backend that stays keeps its index; new ones (in the order of `wanted`) fill the holes that
    /// others left, then go to the end; when the set shrinks, backends from the end fill what holes
    /// remain. So one endpoint replaced changes one index, and one removed changes two at most.
    /// Of several backends at the same place the first counts. O(n).
    public func updated(to wanted: [Backend]) -> BackendSet {
        var remaining: [Place: Backend] = [:]
        remaining.reserveCapacity(wanted.count)
        var newcomers: [Backend] = []
        for backend in wanted {
            let place = Place(backend)
            if remaining[place] != nil { continue }
            remaining[place] = backend
            newcomers.append(backend)
        }
        if newcomers == backends { return self }
        let total = newcomers.count
        var slots: [Backend?] = backends.map { remaining.removeValue(forKey: Place($0)) }
        var fresh = newcomers.lazy.filter { remaining[Place($0)] != nil }.makeIterator()
        for index in slots.indices where slots[index] == nil {
            guard let next = fresh.next() else { break }
            slots[index] = next
        }
        while let next = fresh.next() { slots.append(next) }
        var hole = 0
        while slots.count > total {
            guard let last = slots.removeLast() else { continue }
            while slots[hole] != nil { hole += 1 }
            slots[hole] = last
        }
        return BackendSet(slots.compactMap { $0 })
    }

    private struct Place: Hashable {
        let address: IPAddress
        let port: PortNumber
        init(_ backend: Backend) {
            address = backend.address
            port = backend.port
        }
    }
}
