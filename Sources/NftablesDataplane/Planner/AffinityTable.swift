internal import NetworkTypes
internal import ServiceTable

/// Gives the endpoints of service ports with session affinity the ids that clients are remembered by.
///
/// An endpoint keeps its id while it is used by the owner, and its number is not given to another soon
/// after: a client of an endpoint that is gone must not be sent to a newcomer because of it. Nothing tells
/// a table made anew which ids the kernel still remembers, for up to a day, of owners and endpoints that
/// are gone; so each begins to count somewhere else, by its seed. That a newcomer inherits clients is then
/// as likely as it is for gone ids to be hit: one in 262 000 for each gone owner, one in 16 000 for each
/// gone endpoint of an owner.
struct AffinityTable: Sendable {
    /// Who remembers: one service port, or all ports of a Service together. One family's.
    private struct Owner: Hashable {
        let namespace: String
        let service: String
        /// Nil: the whole Service.
        let port: ServicePortID?

        init?(_ port: ServicePort) {
            guard let affinity = port.affinity else { return nil }
            namespace = port.key.id.namespace
            service = port.key.id.service
            self.port = affinity.scope == .service ? nil : port.key.id
        }
    }

    private struct Entry {
        let number: UInt32
        var endpoints: [Place: (number: UInt32, uses: Int)] = [:]
        var lastNumber: UInt32 = 0

        init(number: UInt32) { self.number = number }

        /// Endpoints with the numbers a running table gives them, not used by anybody yet.
        init(number: UInt32, adopting found: [(id: UInt32, backend: Backend)], _ scope: Affinity.Scope) {
            self.number = number
            var taken: Set<UInt32> = []
            for item in found {
                let (place, own) = (Place(item.backend, scope), EndpointID.number(of: item.id))
                // A damaged table may give two endpoints one number, or one endpoint two.
                guard EndpointID.numbers.contains(own), endpoints[place] == nil, taken.insert(own).inserted else {
                    continue
                }
                endpoints[place] = (own, 0)
                lastNumber = max(lastNumber, own)
            }
        }
    }

    /// Where an endpoint is. Ports of one Service share an endpoint, which is the pod: then by address.
    struct Place: Hashable {
        let address: IPAddress
        let port: PortNumber?

        init(_ backend: Backend, _ scope: Affinity.Scope) {
            address = backend.address
            port = scope == .service ? nil : backend.port
        }
    }

    private var entries: [Owner: Entry] = [:]
    private var ownersInUse: Set<UInt32> = []
    private var lastOwner: UInt32 = 0

    /// Where counting begins; 0: at the beginning, for texts that are to be the same each time.
    private let seed: UInt32

    init(seed: UInt32) {
        self.seed = seed
        lastOwner = seed == 0 ? 0 : Self.start(seed, in: EndpointID.owners)
    }

    private static func start(_ seed: UInt32, in numbers: ClosedRange<UInt32>) -> UInt32 {
        numbers.lowerBound + seed % UInt32(numbers.count)
    }

    /// The number after which the endpoints of an owner are numbered.
    private func firstNumber(of owner: UInt32) -> UInt32 {
        if seed == 0 { return 0 }
        // Fibonacci hashing: neighbouring owners begin far apart.
        return Self.start((seed ^ owner) &* 2_654_435_769, in: EndpointID.numbers)
    }

    /// Ids that a running table has keep their meaning: of each frontend its endpoints, by id. To be
    /// followed by `finishAdoption` once every port was told.
    ///
    /// - Parameter ports: those that will be told of.
    init(
        adopted: [FrontendKey: [(id: UInt32, backend: Backend)]], ports: some Sequence<ServicePort>, seed: UInt32
    ) {
        self.init(seed: seed)
        if adopted.isEmpty { return }
        var endpoints: [UInt32: [(id: UInt32, backend: Backend)]] = [:]
        var owners: [FrontendKey: UInt32] = [:]
        for (frontend, found) in adopted {
            for endpoint in found {
                let owner = EndpointID.owner(of: endpoint.id)
                endpoints[owner, default: []].append(endpoint)
                // A damaged table may name several.
                owners[frontend] = min(owners[frontend] ?? owner, owner)
                if seed == 0 { lastOwner = max(lastOwner, owner) }
            }
        }
        for port in ports.sorted(by: { $0.key < $1.key }) {
            guard let affinity = port.affinity, let owner = Owner(port), entries[owner] == nil,
                let number = port.frontends.lazy.compactMap({ owners[$0.key(in: port.key)] }).first,
                EndpointID.owners.contains(number), ownersInUse.insert(number).inserted
            else { continue }
            var entry = Entry(number: number, adopting: endpoints[number] ?? [], affinity.scope)
            if seed != 0 { entry.lastNumber = firstNumber(of: number) }
            entries[owner] = entry
        }
    }

    /// The id of each backend; nil when the port has no affinity, or there are too many to number.
    func ids(of port: ServicePort) -> [Place: UInt32]? {
        guard let affinity = port.affinity, let owner = Owner(port), let entry = entries[owner] else { return nil }
        var ids: [Place: UInt32] = [:]
        for backend in port.clusterBackends.backends + port.localBackends.backends {
            let place = Place(backend, affinity.scope)
            guard let endpoint = entry.endpoints[place] else { return nil }
            ids[place] = EndpointID.make(owner: entry.number, number: endpoint.number)
        }
        return ids
    }

    /// One service port is `new` instead of `old`.
    mutating func replace(_ old: ServicePort?, with new: ServicePort?) {
        // First what comes, so that what stays is never without a user.
        if let new, let owner = Owner(new) { acquire(owner, new) }
        if let old, let owner = Owner(old) { release(owner, old) }
    }

    /// Forgets what nobody took up.
    mutating func finishAdoption() {
        for (owner, entry) in entries where entry.endpoints.contains(where: { $0.value.uses == 0 }) {
            let used = entry.endpoints.filter { $0.value.uses > 0 }
            entries[owner]?.endpoints = used
            if used.isEmpty {
                entries[owner] = nil
                ownersInUse.remove(entry.number)
            }
        }
    }

    private static func places(of port: ServicePort) -> Set<Place> {
        guard let affinity = port.affinity else { return [] }
        let backends = port.clusterBackends.backends + port.localBackends.backends
        return Set(backends.map { Place($0, affinity.scope) })
    }

    private mutating func acquire(_ owner: Owner, _ port: ServicePort) {
        guard var entry = entries[owner] ?? newEntry() else { return }
        // The entry must not be shared while it is changed.
        entries[owner] = nil
        for place in Self.places(of: port).sorted(by: { $0.address < $1.address }) {
            if let endpoint = entry.endpoints[place] {
                entry.endpoints[place] = (endpoint.number, endpoint.uses + 1)
            } else if let number = Self.next(
                after: entry.lastNumber, in: EndpointID.numbers,
                isTaken: { number in entry.endpoints.values.contains { $0.number == number } },
                taken: entry.endpoints.count)
            {
                entry.endpoints[place] = (number, 1)
                entry.lastNumber = number
            }
        }
        ownersInUse.insert(entry.number)
        entries[owner] = entry
    }

    private mutating func release(_ owner: Owner, _ port: ServicePort) {
        guard var entry = entries.removeValue(forKey: owner) else { return }
        for place in Self.places(of: port) {
            guard let endpoint = entry.endpoints[place] else { continue }
            entry.endpoints[place] = endpoint.uses > 1 ? (endpoint.number, endpoint.uses - 1) : nil
        }
        // An owner stays while some port of it has endpoints; without any there is nothing to remember.
        if entry.endpoints.isEmpty {
            ownersInUse.remove(entry.number)
        } else {
            entries[owner] = entry
        }
    }

    private mutating func newEntry() -> Entry? {
        guard
            let number = Self.next(
                after: lastOwner, in: EndpointID.owners, isTaken: { ownersInUse.contains($0) }, taken: ownersInUse.count)
        else { return nil }
        lastOwner = number
        var entry = Entry(number: number)
        entry.lastNumber = firstNumber(of: number)
        return entry
    }

    /// The next free number, counting round: a number that was given back comes up again last.
    private static func next(
        after last: UInt32, in numbers: ClosedRange<UInt32>, isTaken: (UInt32) -> Bool, taken: Int
    ) -> UInt32? {
        guard taken < numbers.count else { return nil }
        var number = last
        repeat { number = number >= numbers.upperBound ? numbers.lowerBound : number + 1 } while isTaken(number)
        return number
    }
}
