internal import Netlink

/// The codes of treatments, and the chains that treatments lead to.
struct TreatmentTable: Sendable {
    private var codes: CodeTable<Treatment>
    private var chainUses: [BalanceChain: Int] = [:]
    private var retiring: Set<BalanceChain> = []
    /// Chains that exist in the kernel.
    private(set) var chains: Set<BalanceChain> = []

    /// - Parameters:
    ///   - adopted: codes that a running table already has.
    ///   - reserved: every code that the kernel has an element about.
    init(adopted: [UInt32: Treatment] = [:], reserved: Set<UInt32> = [], chains: Set<BalanceChain> = []) {
        codes = CodeTable(adopted: adopted.filter { !$0.value.chains.isEmpty }, reserved: reserved)
        self.chains = chains
    }

    /// The elements that the kernel has about treatments, as far as they were adopted or added.
    var knownElements: Set<SetElement> { Set(codes.known.flatMap { $0.key.elements(code: $0.value) }) }

    /// The code of a treatment that one more frontend uses.
    mutating func acquire(_ treatment: Treatment) -> UInt32 {
        let (code, isFirst) = codes.acquire(treatment)
        if isFirst { for chain in treatment.chains { chainUses[chain, default: 0] += 1 } }
        return code
    }

    /// One frontend uses it less.
    mutating func release(_ treatment: Treatment) {
        guard codes.release(treatment) else { return }
        for chain in treatment.chains { chainUses[chain, default: 1] -= 1 }
    }

    /// The code of a treatment in use.
    func code(of treatment: Treatment) -> UInt32? { codes.code(of: treatment) }

    /// What the kernel must learn and forget since the last call, and the chains to make first.
    mutating func takeChanges() -> (codes: CodeTable<Treatment>.Changes, newChains: [BalanceChain]) {
        let changes = codes.takeChanges()
        var newChains: [BalanceChain] = []
        for chain in Set(changes.added.flatMap { $0.meaning.chains }) where chains.insert(chain).inserted {
            newChains.append(chain)
        }
        return (changes, newChains.sorted { $0.name < $1.name })
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
