/// Which pod each client was sent to, by the name a case gives to what remembers it.
package struct StickyMemories {
    private struct Key: Hashable {
        let memory: String
        let sender: Sender
    }

    private var pods: [Key: FlowOutcome] = [:]

    package init() {}

    /// Connections of one client must all be at one pod: the one remembered, while it may be used.
    package mutating func violations(_ flow: ConformanceFlow, _ answers: [FlowOutcome]) -> [String] {
        guard case .sticky(_, _, _, let memory) = flow.expected, let first = answers.first else { return [] }
        let key = Key(memory: memory, sender: flow.from)
        let places = Set(answers.map(\.place))
        guard places.count == 1 else { return ["\(flow): one client was sent to \(answers)"] }
        let before = pods[key]
        pods[key] = first
        if let before, before.place != first.place, flow.allowed.contains(where: { $0.place == before.place }) {
            return ["\(flow): was at \(before), is at \(first)"]
        }
        return []
    }

    /// Of each pair, some client must be at different pods.
    package func violations(independent pairs: [(String, String)]) -> [String] {
        pairs.compactMap { a, b in
            let senders = pods.keys.filter { $0.memory == a }.map(\.sender)
            let differs = senders.contains { sender in
                pods[Key(memory: a, sender: sender)]?.place != pods[Key(memory: b, sender: sender)]?.place
            }
            return differs ? nil : "\(a) and \(b) remember the same of every client"
        }
    }
}

extension FlowOutcome {
    /// The pod alone: frontends of one Service differ in masquerading, ports in target ports.
    fileprivate var place: String {
        if case .delivered(let address, _, _) = self { "\(address)" } else { description }
    }
}
