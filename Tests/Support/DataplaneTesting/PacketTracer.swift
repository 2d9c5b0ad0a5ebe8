internal import Netlink
package import NetworkTypes

/// Runs packets through the rules of a fake table, hook by hook, as the kernel would.
///
/// Random indexes are all tried, so that the answer is the set of everything that can happen.
package struct PacketTracer: Sendable {
    let state: FakeNftables.State
    let family: NftablesFamily
    /// Addresses of the node: what arrives for them is delivered locally, what leaves from them is its own.
    let localAddresses: Set<IPAddress>
    private let baseChains: [NftablesChain.Hook: [NftablesChain]]
    /// Starts and ends of each interval set, ascending.
    let intervals: [String: [NftablesElement]]

    private let checksPriority: Bool

    /// - Parameter checksPriority: a priority that is not given back is an error. Off for rules that are not Fairway's.
    package init(_ fake: FakeNftables, localAddresses: Set<IPAddress>, checksPriority: Bool = true) {
        self.checksPriority = checksPriority
        state = fake.state
        family = fake.family
        self.localAddresses = localAddresses
        intervals = fake.state.elements.filter { fake.state.sets[$0.key]?.flags.contains(.interval) == true }
            .filter { fake.state.sets[$0.key]?.isConcatenatedInterval == false }
            .mapValues(FakeNftables.ascending)
        let attached = fake.state.chains.values.filter { $0.attachment != nil }
        let byHook = Dictionary(grouping: attached) { $0.attachment?.hook ?? .input }
        baseChains = byHook.mapValues { chains in
            chains.sorted { ($0.attachment?.priority ?? 0, $0.name) < ($1.attachment?.priority ?? 0, $1.name) }
        }
    }

    /// Everything that can happen to the packet.
    ///
    /// - Throws: `TraceError` for an expression the tracer does not know, a register read before it is
    ///   written, an endless walk, or a priority left behind by the NAT hooks.
    package func outcomes(_ packet: TracedPacket) throws(TraceError) -> Set<TraceOutcome> {
        var found: Set<TraceOutcome> = []
        try forEachWalk(packet) { outcome, _ in found.insert(outcome) }
        return found
    }

    /// Everything that can happen to a packet that is on its way while the table becomes what `later` traces:
    /// before each of its lookups in turn.
    package func outcomes(_ packet: TracedPacket, committing later: PacketTracer) throws(TraceError) -> Set<TraceOutcome> {
        var found: Set<TraceOutcome> = []
        var isCommitted = true
        var lookups = 0
        while isCommitted {
            isCommitted = false
            var choices = RandomChoices()
            repeat {
                choices.begin()
                var machine = RuleMachine(tracer: self, packet: packet, choices: choices, commit: (later, lookups))
                found.insert(try outcome(packet, &machine))
                isCommitted = isCommitted || machine.isCommitted
                choices = machine.choices
            } while choices.advance()
            lookups += 1
        }
        return found
    }

    /// Every way the packet can go, each with the table as the packet leaves it: rules may have changed sets.
    ///
    /// - Throws: as `outcomes`.
    package func walks(_ packet: TracedPacket) throws(TraceError) -> [(outcome: TraceOutcome, table: FakeNftables)] {
        var found: [(outcome: TraceOutcome, table: FakeNftables)] = []
        try forEachWalk(packet) { outcome, state in
            var table = FakeNftables(family: family)
            table.state = state
            found.append((outcome, table))
        }
        return found
    }

    private func forEachWalk(
        _ packet: TracedPacket, _ body: (TraceOutcome, FakeNftables.State) -> Void
    ) throws(TraceError) {
        var choices = RandomChoices()
        repeat {
            choices.begin()
            var machine = RuleMachine(tracer: self, packet: packet, choices: choices)
            body(try outcome(packet, &machine), machine.state)
            choices = machine.choices
        } while choices.advance()
    }

    /// Local delivery, as `fib type local` sees it.
    func isLocal(_ address: IPAddress) -> Bool { address.isLoopback || localAddresses.contains(address) }

    private func outcome(_ packet: TracedPacket, _ machine: inout RuleMachine) throws(TraceError) -> TraceOutcome {
        if let end = try walk(packet, &machine) { return end }
        guard machine.isDestinationTranslated || machine.isMasqueraded else { return .untouched }
        return .delivered(
            to: machine.packet.destination, machine.packet.destinationPort, masqueraded: machine.isMasqueraded)
    }

    /// Nil when the packet leaves the last hook.
    private func walk(_ packet: TracedPacket, _ machine: inout RuleMachine) throws(TraceError) -> TraceOutcome? {
        if packet.inputInterface == nil {
            for hook in [NftablesChain.Hook.output, .postrouting] {
                if let end = try run(hook, &machine) { return end }
            }
            return nil
        }
        if let end = try run(.prerouting, &machine) { return end }
        if isLocal(machine.packet.destination) { return try run(.input, &machine) }
        if let end = try run(.forward, &machine) { return end }
        return try run(.postrouting, &machine)
    }

    private func run(_ hook: NftablesChain.Hook, _ machine: inout RuleMachine) throws(TraceError) -> TraceOutcome? {
        machine.beginHook()
        for chain in baseChains[hook] ?? [] {
            let isNat = chain.attachment?.type == .nat
            // The kernel asks NAT chains about the first packet of a connection only, and about no untracked one.
            if isNat && (!machine.packet.isNewConnection || machine.packet.isUntracked) { continue }
            machine.natHook = isNat ? hook : nil
            switch try machine.run(chain.name, depth: 0) {
            case .fallsThrough, .stops(.accept): break
            case .stops(.drop): return .dropped
            case .stops(.reject): return .rejected
            }
        }
        // A translated packet may keep the borrowed priority as far as the next filter chain.
        if checksPriority && machine.priority != 0 && !(hook == .prerouting && machine.isDestinationTranslated) {
            throw TraceError(packet: machine.packet, chain: "\(hook)", what: "left priority \(machine.priority) behind")
        }
        return nil
    }
}

/// The results of random expressions along one walk, counted through like an odometer.
struct RandomChoices {
    private var made: [(value: UInt32, modulus: UInt32)] = []
    private var next = 0

    mutating func begin() { next = 0 }

    mutating func draw(modulus: UInt32) -> UInt32 {
        if next == made.count { made.append((0, modulus)) }
        next += 1
        return made[next - 1].value
    }

    /// Turns to the next combination; false when all were tried.
    mutating func advance() -> Bool {
        made.removeSubrange(next...)
        while let last = made.popLast() {
            if last.value + 1 < last.modulus {
                made.append((last.value + 1, last.modulus))
                return true
            }
        }
        return false
    }
}
