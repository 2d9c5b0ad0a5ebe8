package import Netlink
package import NftablesDataplane

/// One family's Fairway table in memory. It applies transactions whole or not at all, and refuses what
/// the kernel refuses (net/netfilter/nf_tables_api.c).
package struct FakeNftables: Sendable, Hashable {
    struct ElementKey: Sendable, Hashable {
        let bytes: [UInt8]
        let isIntervalEnd: Bool
    }

    struct State: Sendable, Hashable {
        var exists = false
        var sets: [String: NftablesSet] = [:]
        var elements: [String: [ElementKey: NftablesElement]] = [:]
        var chains: [String: NftablesChain] = [:]
        var rules: [String: [NftablesRule]] = [:]
        /// Milliseconds; only differences mean anything.
        var now: UInt64 = 0
        /// When elements that expire do so.
        var deadlines: [String: [ElementKey: UInt64]] = [:]
    }

    package let family: NftablesFamily
    var state = State()
    /// Transactions applied so far.
    package private(set) var transactionCount = 0

    package init(family: NftablesFamily) { self.family = family }

    /// Chains of every kind.
    package var chainCount: Int { state.chains.count }
    package var ruleCount: Int { state.rules.values.reduce(0) { $0 + $1.count } }
    package var chainNames: Set<String> { Set(state.chains.keys) }

    /// What a dump of the table gives; nil when there is no table.
    package var kernelTable: KernelTable? {
        guard state.exists else { return nil }
        var table = KernelTable()
        table.sets = state.sets
        table.chains = state.chains
        table.rules = state.rules.filter { !$0.value.isEmpty }
        for set in TableSet.allCases {
            guard let elements = state.elements[set.rawValue], !elements.isEmpty else { continue }
            table.elements[set] = elements.map { state.timed($0.value, $0.key, in: set.rawValue) }
        }
        return table
    }

    /// Elements of one set, in no order.
    package func elements(of set: TableSet) -> [NftablesElement] {
        elements(ofSet: set.rawValue)
    }

    /// Applies a transaction: all of it, or nothing when this throws.
    package mutating func apply(_ transaction: [NftablesOperation]) throws(FakeNftablesError) {
        try change { (step) throws(FakeNftablesError) in
            for (index, operation) in transaction.enumerated() {
                step.index = index
                try step.perform(operation)
            }
        }
    }

    /// Runs one transaction.
    mutating func change(_ body: (inout Step) throws(FakeNftablesError) -> Void) throws(FakeNftablesError) {
        var step = Step(family: family, before: state, state: state)
        try body(&step)
        try step.checkIntervals()
        if step.leadsElsewhere { try step.checkWalks() }
        state = step.state
        transactionCount += 1
    }

    /// Applies a plan, cut into transactions of about this many bytes.
    package mutating func apply(_ plan: NftablesPlan, limitBytes: Int = .max) throws(FakeNftablesError) {
        for transaction in plan.transactions(limitBytes: limitBytes) { try apply(transaction) }
    }

    /// A transaction in progress.
    struct Step {
        let family: NftablesFamily
        let before: State
        var state: State
        var index = 0
        /// A rule or an element of this transaction may lead where none led before.
        var leadsElsewhere = false

        init(family: NftablesFamily, before: State, state: State) {
            self.family = family
            self.before = before
            self.state = state
        }

        func refuse(_ code: FakeNftablesError.Code, _ doing: String) -> FakeNftablesError {
            FakeNftablesError(code: code, index: index, doing: doing)
        }

        mutating func perform(_ operation: NftablesOperation) throws(FakeNftablesError) {
            if case .addTable = operation {
                state.exists = true
                return
            }
            guard state.exists else { throw refuse(.notFound, "table") }
            switch operation {
            case .addTable: break
            case .deleteTable:
                let now = state.now
                state = State()
                state.now = now
            case .addChain(let chain): try add(chain)
            case .deleteChain(let name): try deleteChain(name)
            case .flushChain(let name):
                guard state.chains[name] != nil else { throw refuse(.notFound, "flush chain \(name)") }
                state.rules[name] = []
            case .addRule(let rule): try add(rule)
            case .addSet(let set): try add(set)
            case .flushSet(let set):
                guard state.sets[set.rawValue] != nil else { throw refuse(.notFound, "flush set \(set.rawValue)") }
                state.elements[set.rawValue] = [:]
                state.deadlines[set.rawValue] = nil
            case .addElements(let set, let elements):
                for element in elements { try add(element, to: set.rawValue) }
            case .deleteElements(let set, let elements):
                for element in elements { try delete(element, from: set.rawValue) }
            }
        }
    }
}
