package import Dataplane
package import Netlink
package import NetworkTypes

/// Decides from what a monitor tells whether somebody else may have changed Fairway's tables.
/// Decisions only: times and generations are given, nothing is done here.
///
/// Each commit of anybody raises the generation by one, and its notifications end with one that names
/// it and the socket it came over. A generation is accounted for when its notifications were told, or
/// when it is known to be one of our own commits: the one after that at which the commit began. Where
/// notifications were lost, a generation that is not accounted for asks for one comparison, and those
/// before it are closed. While a commit of ours is under way that question waits for its end.
package struct ForeignChangeDetector: Sendable {
    /// What one commit of somebody else did to a Fairway table.
    package struct Change: Sendable, Hashable {
        package let family: IPFamily
        /// What was changed, as `chain services removed`; the first few.
        package var objects: [String]
        /// Empty and 0 when it is not known.
        package var processName = ""
        package var processID: UInt32 = 0
    }

    /// The kernel is to be compared with what it should hold.
    package struct Demand: Sendable, Hashable {
        package let reason: SyncReason
        package let families: Set<IPFamily>
        /// When; nil when a comparison that was asked for, and has not begun, does for this too.
        package let compareAt: Duration?
        package let change: Change?
    }

    /// Comparisons after foreign changes come at most this late: somebody who goes on changing costs
    /// no more than one a period.
    package static let changePauses: (first: Duration, longest: Duration) = (.milliseconds(100), .milliseconds(800))
    /// Between comparisons for notifications that go on being lost.
    package static let lossPauses: (first: Duration, longest: Duration) = (.seconds(1), .seconds(60))
    /// Objects a change names.
    private static let objectLimit = 4

    private let ownPortID: NftablesEvent.PortID
    private let tableName: String
    /// All generations up to this one are accounted for, or were asked about.
    private var settled: UInt32
    /// Generations of our own commits, above `settled`.
    private var own: Set<UInt32> = []
    /// Generations above `settled` whose notifications were told.
    private var told: Set<UInt32> = []
    /// Notifications of generations up to this one may have been lost in part.
    private var suspect: UInt32?
    /// The generation at which our own commit began that is under way.
    private var begun: UInt32?
    /// Changes of the commit being told, whose maker is named at its end.
    private var pending: [IPFamily: [String]] = [:]
    private var changeSpacing: [IPFamily: DemandSpacing] = [:]
    private var lossSpacing = DemandSpacing(Self.lossPauses)

    /// - Parameters:
    ///   - ownPortID: of the socket whose commits are our own.
    ///   - generation: at a time when the monitor listened already.
    ///   - tableName: of Fairway's table in each family.
    package init(
        ownPortID: NftablesEvent.PortID, generation: UInt32, tableName: String = TableLayout.tableName
    ) {
        self.ownPortID = ownPortID
        self.tableName = tableName
        settled = generation
    }

    /// A commit over the own socket begins, at this generation.
    package mutating func commitBegins(at generation: UInt32) { begun = generation }

    /// It ended, and the generation is this one; nil when it was refused, or that could not be read.
    package mutating func commitEnded(at generation: UInt32?, now: Duration) -> [Demand] {
        if let generation, let begun, generation == Self.next(begun), Self.isLater(generation, than: settled) {
            own.insert(generation)
        }
        begun = nil
        return settle(now)
    }

    /// What the monitor tells. An overflow of which nothing more is known asks for a comparison.
    package mutating func told(_ event: NftablesEvent, now: Duration) -> [Demand] {
        switch event {
        case .changed(let object, let isRemoval, let family, let table, let name, let portID):
            guard portID != ownPortID, table == tableName,
                let family = NftablesFamily(rawValue: family)?.ipFamily
            else { return [] }
            let text = [object.text, name, isRemoval ? "removed" : "added or changed"].compactMap { $0 }
                .joined(separator: " ")
            var objects = pending[family] ?? []
            // Told last, after all that was in it.
            if object == .table && isRemoval { objects = [] }
            if objects.count < Self.objectLimit && !objects.contains(text) { objects.append(text) }
            pending[family] = objects
            return []
        case .generation(let generation, let processID, let processName, let portID):
            let demands = portID == ownPortID ? [] : takeChanges(processName, processID, now)
            pending = [:]
            if Self.isLater(generation, than: settled), !isSuspect(generation) { told.insert(generation) }
            return demands + settle(now)
        case .overflow:
            return takeChanges("", 0, now) + [lossDemand(now)]
        }
    }

    /// Notifications were lost; `generation` was read after the queue was emptied.
    package mutating func lost(generation: UInt32, now: Duration) -> [Demand] {
        let demands = takeChanges("", 0, now)
        if !isSuspect(generation) { suspect = generation }
        return demands + settle(now)
    }

    private func isSuspect(_ generation: UInt32) -> Bool {
        suspect.map { !Self.isLater(generation, than: $0) } ?? false
    }

    /// Closes what is accounted for, and asks about what is not, unless it may still turn out to be ours.
    private mutating func settle(_ now: Duration) -> [Demand] {
        while own.remove(Self.next(settled)) != nil || told.contains(Self.next(settled)) {
            settled = Self.next(settled)
            told.remove(settled)
        }
        if let suspect, !Self.isLater(suspect, than: settled) { self.suspect = nil }
        let open = told.reduce(suspect) { highest, one in
            highest.map { Self.isLater(one, than: $0) ? one : $0 } ?? one
        }
        guard let open, begun == nil else { return [] }
        settled = open
        suspect = nil
        told = []
        own = own.filter { Self.isLater($0, than: open) }
        return [lossDemand(now)]
    }

    private mutating func lossDemand(_ now: Duration) -> Demand {
        Demand(
            reason: .lostNotifications, families: Set(IPFamily.allCases), compareAt: lossSpacing.demand(now: now),
            change: nil)
    }

    private mutating func takeChanges(_ processName: String, _ processID: UInt32, _ now: Duration) -> [Demand] {
        defer { pending = [:] }
        return pending.sorted { $0.key < $1.key }.map { family, objects in
            Demand(
                reason: .foreignChange, families: [family],
                compareAt: changeSpacing[family, default: DemandSpacing(Self.changePauses)].demand(now: now),
                change: Change(family: family, objects: objects, processName: processName, processID: processID))
        }
    }

    /// Generations wrap round and leave 0 out (nf_tables_commit).
    private static func next(_ generation: UInt32) -> UInt32 { generation == .max ? 1 : generation + 1 }

    private static func isLater(_ one: UInt32, than other: UInt32) -> Bool { Int32(bitPattern: one &- other) > 0 }
}

extension NftablesEvent.Object {
    fileprivate var text: String {
        switch self {
        case .table: "table"
        case .chain: "chain"
        case .rule: "rules of chain"
        case .set: "set"
        case .elements: "elements of set"
        case .other: "another object"
        }
    }
}
