/// Gives numbers to one kind of thing: never 0, never one that is taken, and one that was given back last of all.
struct IDNumbers: Sendable {
    private var last: UInt32
    private(set) var taken: Set<UInt32> = []
    /// Given back in the plan that is being made, whose last writes still name them.
    private var freed: [UInt32] = []

    /// - Parameter seed: the first number is the one after it.
    init(seed: UInt32) { last = seed }

    mutating func next() -> UInt32 {
        // Memory ends long before the numbers do.
        precondition(taken.count < Int(UInt32.max), "no number is left")
        repeat { last = last == .max ? 1 : last + 1 } while !taken.insert(last).inserted
        return last
    }

    /// Free from the next plan on.
    mutating func free(_ number: UInt32) { freed.append(number) }

    /// Another plan begins.
    mutating func settle() {
        taken.subtract(freed)
        freed = []
    }

    /// These and no others are taken, and those after them come next: what was given back is not given again soon.
    mutating func reset(taken: Set<UInt32>) {
        self.taken = taken.subtracting([0])
        freed = []
        last = max(last, taken.max() ?? 0)
    }
}

/// The numbers that the maps of both families share.
struct BPFMapIDs: Sendable {
    var services: IDNumbers
    var backends: IDNumbers
    var tables: IDNumbers
    var sources: IDNumbers
    var owners: IDNumbers

    init(seed: UInt32) {
        services = IDNumbers(seed: seed)
        backends = IDNumbers(seed: seed)
        tables = IDNumbers(seed: seed)
        sources = IDNumbers(seed: seed)
        owners = IDNumbers(seed: seed)
    }

    /// Another plan begins.
    mutating func settle() {
        services.settle()
        backends.settle()
        tables.settle()
        sources.settle()
        owners.settle()
    }
}
