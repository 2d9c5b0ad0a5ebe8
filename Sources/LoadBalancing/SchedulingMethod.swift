/// How a scheduler comes to a backend: by a slot that it draws, or by comparing what backends have.
public enum SchedulingMethod: Sendable, Hashable {
    /// random, and by its weight as often.
    case random
    /// rr: in turn, weights aside.
    case inTurn
    /// wrr: in turn, by weight.
    case weightedInTurn
    case sourceHash
    case destinationHash
    case maglev
    /// lc, wlc, sed, nq.
    case leastLoaded(LeastLoaded)
    /// twos.
    case twoChoices

    /// What the slots of a set stand for, as indexes into its backends. Those of weight 0 have none; where backends are
    /// compared each of the others has one.
    public func slots(of entries: [MaglevTable.Entry]) -> [Int] {
        switch self {
        case .maglev: MaglevTable(entries).slots
        case .random, .weightedInTurn, .sourceHash, .destinationHash: WeightedSlots.slots(of: entries.map(\.weight))
        case .inTurn, .leastLoaded, .twoChoices: entries.indices.filter { entries[$0].weight > 0 }
        }
    }

    /// How one of the slots is drawn; nil where backends are compared.
    public var picker: SlotPicker? {
        switch self {
        case .random: .random
        case .inTurn, .weightedInTurn: .inTurn()
        case .sourceHash: .sourceHash
        case .destinationHash: .destinationHash
        case .maglev: .maglev
        case .leastLoaded, .twoChoices: nil
        }
    }
}
