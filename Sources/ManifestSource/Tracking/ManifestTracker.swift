internal import KubernetesModel
internal import NetworkTypes
internal import ObjectStore

/// Which objects the files hold together, and what a changed file changes of that. No I/O.
///
/// A file that has faults keeps what was good of it: an object that is wrong now stays as it was last
/// right, and where the file cannot be read to its end, so does every object not found before that
/// point. Objects that are right are used at once. Of several places with the same object, the first
/// by path and line is used.
struct ManifestTracker {
    struct File {
        var objects: [LocatedObject]
        var faults: [FileFault]
        var skippedKinds: [String: Int]
    }

    private var files: [String: File] = [:]
    private var faultyFiles: Set<String> = []
    private var incompleteFiles: Set<String> = []
    private var winners: [ObjectReference: LocatedObject] = [:]
    /// The same object in further places, in order; nearly always empty.
    private var rivals: [ObjectReference: [LocatedObject]] = [:]
    private(set) var allocator: AddressAllocator
    /// The versions of Services in use: not the last one while that is refused.
    private var accepted: [ObjectKey: LocatedObject] = [:]
    /// Why the last version of a Service is not in use.
    private var refusals: [ObjectKey: FileFault] = [:]
    private var skippedKinds: [String: Int] = [:]
    private var lastFaults: Set<FileFault> = []
    private var isSynced = false

    init(allocator: AddressAllocator) {
        self.allocator = allocator
    }

    /// Applies what was read, all of it for the first call. The cost is that of the files given.
    /// - Parameter isComplete: every path given could be read. Before it is so once, nothing counts as
    ///   synced: a folder that is not mounted yet must not empty the kernel's tables.
    /// - Returns: what to tell the store, and the Services whose allocations must be remembered anew.
    mutating func apply(
        _ changes: [ManifestChange], isComplete: Bool = true
    ) -> (batch: ManifestBatch, records: Set<ObjectKey>) {
        var touched: [ObjectReference: LocatedObject?] = [:]
        for change in changes.sorted(by: { $0.path < $1.path }) { replace(change, &touched) }

        var batch = ManifestBatch()
        var demands: [(place: LocatedObject?, key: ObjectKey, demand: AllocationDemand?)] = []
        for (reference, before) in touched.sorted(by: { $0.key < $1.key }) {
            let after = winners[reference]
            if case .service(let service)? = after?.object {
                if before?.object == after?.object {
                    relocate(reference.key, from: before, to: after)
                } else {
                    let demand = AllocationDemand(service, ranges: allocator.settings.clusterRanges)
                    demands.append((after, reference.key, demand))
                }
            } else if reference.kind == .service {
                guard before != nil else { continue }
                demands.append((nil, reference.key, nil))
                forget(reference.key, &batch)
            } else if let after {
                if before?.object != after.object { batch.events.append(.set(after.object)) }
            } else if before != nil {
                batch.events.append(.delete(reference))
            }
        }
        demands.sort { a, b in
            guard let first = a.place, let second = b.place else { return a.place == nil && b.place != nil }
            return LocatedObject.precedes(first, second)
        }
        var records: Set<ObjectKey> = []
        take(allocator.update(demands.map { ($0.key, $0.demand) }), &batch, &records)
        // An unreadable file may hold the Services that have not come back yet.
        if incompleteFiles.isEmpty, !allocator.unseen.isEmpty {
            take(allocator.forgetUnseen(), &batch, &records)
        }
        finish(&batch, isComplete: isComplete)
        return (batch, records)
    }

    /// Paths of every file known.
    var paths: Set<String> { Set(files.keys) }
}

extension ManifestTracker {
    private mutating func replace(_ change: ManifestChange, _ touched: inout [ObjectReference: LocatedObject?]) {
        let old = files[change.path]
        for (kind, count) in old?.skippedKinds ?? [:] {
            let rest = skippedKinds[kind, default: 0] - count
            skippedKinds[kind] = rest > 0 ? rest : nil
        }
        for object in old?.objects ?? [] { remove(object, &touched) }
        faultyFiles.remove(change.path)
        incompleteFiles.remove(change.path)
        guard let contents = change.contents else {
            files[change.path] = nil
            return
        }
        var objects = contents.objects
        if let old, !contents.isMissing, contents.isIncomplete || !contents.badReferences.isEmpty {
            objects += Self.lastGood(of: old, contents)
        }
        for object in objects { insert(object, &touched) }
        for (kind, count) in contents.skippedKinds { skippedKinds[kind, default: 0] += count }
        if !contents.faults.isEmpty { faultyFiles.insert(change.path) }
        if contents.isIncomplete { incompleteFiles.insert(change.path) }
        files[change.path] = File(objects: objects, faults: contents.faults, skippedKinds: contents.skippedKinds)
    }

    /// The objects that the faults of a file may hide.
    private static func lastGood(of old: File, _ contents: ManifestContents) -> [LocatedObject] {
        let found = Set(contents.objects.map(\.reference))
        return old.objects.filter { object in
            let reference = object.reference
            guard !found.contains(reference) else { return false }
            return contents.isIncomplete || contents.badReferences.contains(reference)
        }
    }

    private mutating func insert(_ object: LocatedObject, _ touched: inout [ObjectReference: LocatedObject?]) {
        let reference = object.reference
        guard let winner = winners[reference] else {
            if touched[reference] == nil { touched[reference] = .some(nil) }
            winners[reference] = object
            return
        }
        if touched[reference] == nil { touched[reference] = .some(winner) }
        let wins = LocatedObject.precedes(object, winner)
        if wins { winners[reference] = object }
        rivals[reference, default: []].append(wins ? winner : object)
        rivals[reference]?.sort(by: LocatedObject.precedes)
    }

    private mutating func remove(_ object: LocatedObject, _ touched: inout [ObjectReference: LocatedObject?]) {
        let reference = object.reference
        if touched[reference] == nil { touched[reference] = .some(winners[reference]) }
        var others = rivals[reference] ?? []
        if winners[reference] === object {
            winners[reference] = others.isEmpty ? nil : others.removeFirst()
        } else {
            others.removeAll { $0 === object }
        }
        rivals[reference] = others.isEmpty ? nil : others
    }

    /// The same Service in another place.
    private mutating func relocate(_ key: ObjectKey, from before: LocatedObject?, to after: LocatedObject?) {
        if let known = accepted[key], known === before { accepted[key] = after }
        if let refusal = refusals[key], let after {
            let message = String(refusal.message.dropFirst("\(after.reference): ".count))
            refusals[key] = after.fault(message)
        }
    }

    private mutating func forget(_ key: ObjectKey, _ batch: inout ManifestBatch) {
        refusals[key] = nil
        guard accepted.removeValue(forKey: key) != nil else { return }
        batch.events.append(.delete(ObjectReference(kind: .service, key: key)))
    }

    private mutating func take(
        _ outcome: AllocationOutcome, _ batch: inout ManifestBatch, _ records: inout Set<ObjectKey>
    ) {
        records.formUnion(outcome.changedRecords)
        batch.moves.append(contentsOf: outcome.moves)
        for (key, verdict) in outcome.verdicts.sorted(by: { $0.key < $1.key }) {
            let reference = ObjectReference(kind: .service, key: key)
            guard let located = winners[reference] else { continue }
            switch verdict {
            case .accepted(let assigned): accept(located, assigned, &batch)
            case .refused(let refusal, let keepsEarlier):
                refusals[key] = located.fault(describe(refusal))
                guard !keepsEarlier else { continue }
                if accepted.removeValue(forKey: key) != nil { batch.events.append(.delete(reference)) }
            }
        }
    }

    private mutating func accept(
        _ latest: LocatedObject, _ assigned: [AllocationSlot: AllocatedResource], _ batch: inout ManifestBatch
    ) {
        let key = latest.reference.key
        guard case .service(let service) = latest.object, let demand = allocator.acceptedDemand(of: key) else { return }
        // A Service whose last version is refused may still have to move with its earlier one.
        if AllocationDemand(service, ranges: allocator.settings.clusterRanges) == demand {
            accepted[key] = latest
            refusals[key] = nil
        }
        guard let object = accepted[key]?.object, case .service(let used) = object else { return }
        let filled = demand.fill(used, with: assigned)
        // The object itself where it left nothing open: it is then in memory once.
        batch.events.append(.set(filled == used ? object : .service(filled)))
    }
}

extension ManifestTracker {
    private func describe(_ refusal: AllocationRefusal) -> String {
        switch refusal {
        case .taken(let claim, let key):
            let place = (accepted[key] ?? winners[ObjectReference(kind: .service, key: key)])?.place
            return "\(claim.field): Invalid value: \(Self.quoted(claim.resource)): already taken by Service \(key)"
                + (place.map { " at \($0)" } ?? "")
        case .outOfRange(let claim):
            switch claim.resource {
            case .address:
                let ranges = allocator.settings.clusterRanges.map(\.description).joined(separator: ", ")
                return "\(claim.field): Invalid value: \(Self.quoted(claim.resource)): "
                    + "not an address of the service ranges \(ranges)"
            case .nodePort:
                let ports = allocator.settings.nodePorts
                return "\(claim.field): Invalid value: \(claim.resource): "
                    + "not in the range of node ports, \(ports.lowerBound)-\(ports.upperBound)"
            }
        case .exhausted(let slot):
            return "no \(slot) left: the range is used up"
        case .noRange(let family):
            return "spec.ipFamilies: Invalid value: \"\(family)\": no service range has this family"
        }
    }

    private static func quoted(_ resource: AllocatedResource) -> String {
        switch resource {
        case .address(let address): "\"\(address)\""
        case .nodePort(let port): String(port)
        }
    }

    private mutating func finish(_ batch: inout ManifestBatch, isComplete: Bool) {
        var faults: [FileFault] = []
        for path in faultyFiles { faults += files[path]?.faults ?? [] }
        faults += refusals.values
        for (reference, others) in rivals {
            guard let winner = winners[reference] else { continue }
            faults += others.map { $0.fault("already defined at \(winner.place), which is used") }
        }
        let now = Set(faults)
        batch.faults = faults.sorted()
        batch.newFaults = now.subtracting(lastFaults).sorted()
        batch.mendedFaults = lastFaults.subtracting(now).sorted()
        lastFaults = now
        batch.skippedKinds = skippedKinds
        batch.fileCount = files.count
        batch.objectCount = winners.count
        guard !isSynced, isComplete else { return }
        isSynced = true
        batch.events += ObjectKind.allCases.map(StoreEvent.synced)
    }
}
