internal import Netlink

/// Gives each distinct treatment a code, and counts the frontends that use it.
struct TreatmentTable: Sendable {
    private struct Entry {
        var code: UInt32
        var uses: Int
    }

    private var entries: [Treatment: Entry] = [:]
    private var freeCodes: [UInt32] = []
    private var nextCode: UInt32 = 1
    private var chainUses: [BalanceChain: Int] = [:]

    /// Treatments that got their first use since `takeChanges`, and those that lost their last.
    private var touched: Set<Treatment> = []
    private var known: [Treatment: UInt32] = [:]
    /// Chains that exist in the kernel.
    private(set) var chains: Set<BalanceChain> = []

    /// Codes that a running table already has. They keep their meaning; those that nothing uses go at
    /// the next `takeChanges`.
    init(adopted: [UInt32: Treatment] = [:], chains: Set<BalanceChain> = []) {
        self.chains = chains
        for (code, treatment) in adopted.sorted(by: { $0.key < $1.key }) where entries[treatment] == nil {
            entries[treatment] = Entry(code: code, uses: 0)
            known[treatment] = code
            touched.insert(treatment)
            nextCode = max(nextCode, code + 1)
        }
    }

    /// The code of a treatment that one more frontend uses.
    mutating func acquire(_ treatment: Treatment) -> UInt32 {
        if let entry = entries[treatment] {
            entries[treatment]?.uses += 1
            if entry.uses == 0 {
                touched.insert(treatment)
                for chain in treatment.chains { chainUses[chain, default: 0] += 1 }
            }
            return entry.code
        }
        let code = freeCodes.popLast() ?? nextCode
        if code == nextCode { nextCode += 1 }
        entries[treatment] = Entry(code: code, uses: 1)
        touched.insert(treatment)
        for chain in treatment.chains { chainUses[chain, default: 0] += 1 }
        return code
    }

    /// One frontend uses it less.
    mutating func release(_ treatment: Treatment) {
        guard let entry = entries[treatment], entry.uses > 0 else { return }
        entries[treatment]?.uses -= 1
        guard entry.uses == 1 else { return }
        touched.insert(treatment)
        for chain in treatment.chains { chainUses[chain, default: 1] -= 1 }
    }

    /// The code of a treatment in use.
    func code(of treatment: Treatment) -> UInt32? { entries[treatment]?.code }

    struct Changes {
        /// Treatments to make known to the kernel, by code.
        var added: [(code: UInt32, treatment: Treatment)] = []
        var removed: [(code: UInt32, treatment: Treatment)] = []
        var newChains: [BalanceChain] = []
    }

    /// What the kernel must learn, since the last call. O(treatments touched).
    mutating func takeChanges() -> Changes {
        var changes = Changes()
        for treatment in touched {
            guard let entry = entries[treatment] else { continue }
            if entry.uses > 0 {
                if known.updateValue(entry.code, forKey: treatment) == nil {
                    changes.added.append((entry.code, treatment))
                }
            } else {
                if let code = known.removeValue(forKey: treatment) {
                    changes.removed.append((code, treatment))
                }
                entries[treatment] = nil
                freeCodes.append(entry.code)
            }
        }
        touched = []
        changes.added.sort { $0.code < $1.code }
        changes.removed.sort { $0.code < $1.code }
        for chain in Set(changes.added.flatMap { $0.treatment.chains }) where chains.insert(chain).inserted {
            changes.newChains.append(chain)
        }
        changes.newChains.sort { $0.name < $1.name }
        return changes
    }

    /// Chains that no treatment has used since before the previous call: they are to be deleted now.
    ///
    /// A chain goes one transaction later than the last element that led to it, because kernels before
    /// 6.2 still count the deleted element's reference in the same transaction (EBUSY).
    mutating func takeUnusedChains() -> [BalanceChain] {
        let unused = retiring.filter { chainUses[$0, default: 0] == 0 }
        chains.subtract(unused)
        for chain in unused { chainUses[chain] = nil }
        retiring = chains.filter { chainUses[$0, default: 0] == 0 }
        return unused.sorted { $0.name < $1.name }
    }
    private var retiring: Set<BalanceChain> = []
}

extension Treatment {
    /// The elements that tell the kernel about this treatment.
    func elements(code: UInt32) -> [SetElement] {
        var result: [SetElement] = []
        func origin(_ origin: Origin, _ map: TableSet, _ masquerades: TableSet) {
            guard let chain = origin.chain else { return }
            result.append(SetElement(map, ElementCoding.verdict(code: code, .goto(chain.name))))
            if origin.masquerade { result.append(SetElement(masquerades, ElementCoding.code(code))) }
        }
        origin(pod, .fromPod, .masqueradeFromPod)
        origin(node, .fromNode, .masqueradeFromNode)
        origin(outside, .fromOutside, .masqueradeFromOutside)
        return result
    }
}
