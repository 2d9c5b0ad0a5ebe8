package import Netlink
package import NftablesDataplane

extension FakeNftables {
    /// The fake that holds what was read from a kernel, so that a tracer can run over it.
    package init(family: NftablesFamily, kernel: KernelTable?) {
        self.init(family: family)
        guard let kernel else { return }
        state.exists = true
        state.sets = kernel.sets
        state.chains = kernel.chains
        for name in kernel.chains.keys { state.rules[name] = kernel.rules[name] ?? [] }
        for name in kernel.sets.keys { state.elements[name] = [:] }
        for (set, elements) in kernel.elements {
            for element in elements { state.store(element, in: set.rawValue) }
        }
    }

    /// What this table holds and the other does not, and the reverse, a line each; empty when they hold
    /// the same sets, elements, chains and rules. How long elements still live is not compared.
    package func differences(from other: FakeNftables) -> [String] {
        let (mine, others) = (state, other.state)
        guard mine.exists == other.state.exists else { return ["one is a table, the other is none"] }
        var lines: [String] = []
        func compare<Value: Hashable>(_ what: String, _ mine: [String: Value], _ others: [String: Value]) {
            for name in Set(mine.keys).union(others.keys).sorted() where mine[name] != others[name] {
                let texts = [mine[name], others[name]].map { $0.map { "\($0)" } ?? "nothing" }
                lines.append("\(what) \(name): \(texts[0]), not \(texts[1])")
            }
        }
        compare("set", mine.sets, others.sets)
        compare("chain", mine.chains, others.chains)
        compare("rules of", mine.rules, others.rules)
        for name in Set(mine.elements.keys).union(others.elements.keys).sorted() {
            let (here, there) = (mine.elements[name] ?? [:], others.elements[name] ?? [:])
            for (key, element) in here where there[key] != element {
                lines.append("\(name): \(element), not \(there[key].map { "\($0)" } ?? "nothing")")
            }
            for (key, element) in there where here[key] == nil { lines.append("\(name): nothing, not \(element)") }
        }
        return lines
    }
}
