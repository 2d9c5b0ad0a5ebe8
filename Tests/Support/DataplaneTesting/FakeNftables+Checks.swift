internal import Netlink
internal import NetworkTypes

extension FakeNftables.Step {
    mutating func add(_ chain: NftablesChain) throws(FakeNftablesError) {
        if let found = state.chains[chain.name] {
            // Without a hook nothing is asked of the one that is there.
            guard let wanted = chain.attachment, wanted != found.attachment else { return }
            let isOfOtherType = found.attachment.map { $0.type != wanted.type } ?? false
            throw refuse(isOfOtherType ? .exists : .unsupported, "add chain \(chain.name)")
        }
        state.chains[chain.name] = chain
        state.rules[chain.name] = []
    }

    /// A chain that rules, or elements of the moment, or elements that this very transaction deleted,
    /// lead to is busy: kernels before 6.2 drop an element's reference only when they commit.
    mutating func deleteChain(_ name: String) throws(FakeNftablesError) {
        guard state.chains[name] != nil else { throw refuse(.notFound, "delete chain \(name)") }
        guard state.rules[name]?.isEmpty ?? true else { throw refuse(.busy, "delete chain \(name), which has rules") }
        let fromRules = state.rules.values.joined().contains { rule in
            rule.expressions.contains { if case .verdict(let verdict) = $0 { verdict.target == name } else { false } }
        }
        let fromElements = [before, state].contains { state in
            state.elements.values.contains { $0.values.contains { $0.verdict?.target == name } }
        }
        guard !fromRules && !fromElements else { throw refuse(.busy, "delete chain \(name), which is referred to") }
        state.chains[name] = nil
        state.rules[name] = nil
    }

    mutating func add(_ set: NftablesSet) throws(FakeNftablesError) {
        if let found = state.sets[set.name] {
            // A set that is there takes over a size (seen on Linux 6.18).
            guard found.key == set.key, found.data == set.data, found.flags == set.flags else {
                throw refuse(.exists, "add set \(set.name)")
            }
            if let size = set.size { state.sets[set.name]?.size = size }
            return
        }
        state.sets[set.name] = set
        state.elements[set.name] = [:]
    }

    // MARK: Rules

    mutating func add(_ rule: NftablesRule) throws(FakeNftablesError) {
        let doing = "add rule to \(rule.chain)"
        guard state.chains[rule.chain] != nil else { throw refuse(.notFound, doing) }
        var written = WrittenRegisters()
        for expression in rule.expressions {
            try check(expression, written, doing)
            if case .dynamicSet(_, let name, _, _, _) = expression, state.sets[name]?.size == nil {
                // nft_dynset_init gives a set that a rule changes a size.
                state.sets[name]?.size = 65535
            }
            written.store(expression, family, dataBytes: dataBytes(of: expression))
        }
        state.rules[rule.chain, default: []].append(rule)
        leadsElsewhere = true
    }

    private func check(
        _ expression: RuleExpression, _ written: WrittenRegisters, _ doing: String
    ) throws(FakeNftablesError) {
        func checkLoad(_ register: NftablesRegister, _ length: Int) throws(FakeNftablesError) {
            try checkRegister(register, length, doing)
            guard written.contains(register, length) else {
                throw refuse(.noData, "\(doing): register \(register.number) is read before it is written")
            }
        }
        switch expression {
        case .verdict(let verdict): try check(verdict, doing)
        case .lookup(let name, let key, _):
            let set = try find(name, doing)
            try checkLoad(key, FakeNftables.width(set.key))
        case .mapLookup(let name, let key, let destination):
            let set = try find(name, doing)
            try checkLoad(key, FakeNftables.width(set.key))
            guard let data = set.data, (data == .verdict) == (destination == .verdict) else {
                throw refuse(.invalid, "\(doing): map \(name)")
            }
            if case .fields(let fields) = data { try checkRegister(destination, FakeNftables.width(fields), doing) }
        case .numgen(_, let modulus, _):
            guard modulus > 0 else { throw refuse(.range, "\(doing): numgen modulus 0") }
        case .hash(let source, let length, let modulus, _, _):
            guard length > 0, modulus > 0 else { throw refuse(.range, "\(doing): hash of \(length) bytes mod \(modulus)") }
            try checkLoad(source, length)
        case .hostToNetworkOrder(let from, _): try checkLoad(from, 4)
        case .dynamicSet(_, let name, let key, let data, let timeout):
            let set = try find(name, doing)
            // The kernel asks the set's backend; those of sets without the flags may or may not allow it.
            guard set.flags.contains(.dynamic), !set.flags.contains(.interval),
                set.flags.contains(.timeout) || timeout == nil
            else { throw refuse(.unsupported, "\(doing): changes \(name)") }
            try checkLoad(key, FakeNftables.width(set.key))
            switch (set.data, data) {
            case (nil, nil): break
            case (.fields(let fields)?, let data?): try checkLoad(data, FakeNftables.width(fields))
            case (nil, _?), (.verdict?, _?): throw refuse(.unsupported, "\(doing): adds such data to \(name)")
            default: throw refuse(.invalid, "\(doing): data of \(name)")
            }
        case .compare(let register, _, let value): try checkLoad(register, value.count)
        case .bitwise(let from, _, let mask, _): try checkLoad(from, mask.count)
        case .setMeta(_, let from), .setCtMark(let from): try checkLoad(from, 4)
        case .nat(_, let address, let port):
            try checkLoad(address, family.ipFamily.addressByteCount)
            if let port { try checkLoad(port, 2) }
        case .transparentProxy(let address, let port):
            try checkLoad(address, family.ipFamily.addressByteCount)
            try checkLoad(port, 2)
        case .unknown(let name): throw refuse(.notFound, "\(doing): expression \(name)")
        case .meta, .ct, .payload, .immediate, .masquerade, .reject, .fibAddressType, .notrack, .socket: break
        }
    }

    /// What a lookup in a map writes.
    private func dataBytes(of expression: RuleExpression) -> Int {
        guard case .mapLookup(let name, _, _) = expression, case .fields(let fields)? = state.sets[name]?.data
        else { return 0 }
        return FakeNftables.width(fields)
    }

    /// The registers that rules can name are 16 words of four bytes (`NFT_REG32_00`...`NFT_REG32_15`).
    private func checkRegister(_ register: NftablesRegister, _ length: Int, _ doing: String) throws(FakeNftablesError) {
        guard register != .verdict, register.byteOffset + length <= 64 else {
            throw refuse(.range, "\(doing): register \(register.number) and \(length) bytes")
        }
    }

    private func find(_ name: String, _ doing: String) throws(FakeNftablesError) -> NftablesSet {
        guard let set = state.sets[name] else { throw refuse(.notFound, "\(doing): set \(name)") }
        return set
    }

    private func check(_ verdict: NftablesVerdict, _ doing: String) throws(FakeNftablesError) {
        guard let target = verdict.target else { return }
        guard let chain = state.chains[target] else { throw refuse(.notFound, "\(doing): chain \(target)") }
        guard chain.attachment == nil else { throw refuse(.unsupported, "\(doing): base chain \(target)") }
    }

    // MARK: Elements

    mutating func add(_ element: NftablesElement, to name: String) throws(FakeNftablesError) {
        let doing = "add element \(element.key) to \(name)"
        let set = try checkedSet(element, name, doing)
        switch (set.data, element.data) {
        case (nil, nil): break
        case (.fields(let fields)?, .value(let bytes)?):
            guard bytes.count == FakeNftables.width(fields) else { throw refuse(.invalid, "\(doing): data \(bytes)") }
        case (.verdict?, .verdict(let verdict)?): try check(verdict, doing)
        case (_?, nil) where element.isIntervalEnd: break
        default: throw refuse(.invalid, "\(doing): wrong kind of data")
        }
        let key = FakeNftables.ElementKey(bytes: element.key, isIntervalEnd: element.isIntervalEnd)
        if set.isConcatenatedInterval {
            guard element.isOrdered(fields: set.key) else { throw refuse(.invalid, "\(doing): ends before it begins") }
            let (first, last) = (element.key, element.keyEnd ?? element.key)
            for other in (state.elements[name] ?? [:]).values where other.overlaps(first, last, fields: set.key) {
                guard other.key == first, other.keyEnd ?? other.key == last, other.data == element.data else {
                    throw refuse(.exists, "\(doing), which overlaps \(other.key)")
                }
                return
            }
        } else if let found = state.elements[name]?[key] {
            guard found.data == element.data else { throw refuse(.exists, "\(doing), there with other data") }
            return
        }
        guard (state.elements[name]?.count ?? 0) < set.size.map(Int.init) ?? .max else { throw refuse(.full, doing) }
        state.store(element, in: name)
        if element.verdict != nil { leadsElsewhere = true }
    }

    mutating func delete(_ element: NftablesElement, from name: String) throws(FakeNftablesError) {
        let doing = "delete element \(element.key) from \(name)"
        let set = try checkedSet(element, name, doing)
        var key: FakeNftables.ElementKey? = .init(bytes: element.key, isIntervalEnd: element.isIntervalEnd)
        // nft_pipapo_deactivate finds the range that holds the first key.
        if set.isConcatenatedInterval { key = state.range(holding: element.key, in: name)?.key }
        guard let key, state.remove(key, from: name) else { throw refuse(.notFound, doing) }
    }

    private func checkedSet(
        _ element: NftablesElement, _ name: String, _ doing: String
    ) throws(FakeNftablesError) -> NftablesSet {
        guard let set = state.sets[name] else { throw refuse(.notFound, doing) }
        guard element.key.count == FakeNftables.width(set.key) else {
            throw refuse(.invalid, "\(doing): key of \(element.key.count) bytes")
        }
        guard element.keyEnd.map({ set.isConcatenatedInterval && $0.count == element.key.count }) ?? true,
            element.timeoutMilliseconds == nil && element.expirationMilliseconds == nil || set.flags.contains(.timeout)
        else { throw refuse(.invalid, "\(doing): key end or timeout") }
        guard !element.isIntervalEnd || set.flags.contains(.interval) else {
            throw refuse(.invalid, "\(doing): not an interval set")
        }
        return set
    }

    /// Starts and ends of an interval set alternate; otherwise intervals overlap.
    func checkIntervals() throws(FakeNftablesError) {
        for (name, set) in state.sets where set.flags.contains(.interval) && !set.isConcatenatedInterval {
            var open = false
            for element in FakeNftables.ascending(state.elements[name] ?? [:]) {
                guard element.isIntervalEnd == open else { throw refuse(.exists, "intervals of \(name) overlap") }
                open.toggle()
            }
        }
    }
}

extension FakeNftables {
    /// Bytes of a key or data: one field as it is, several padded to words each.
    static func width(_ fields: [NftablesField]) -> Int {
        fields.count == 1 ? fields[0].byteCount : fields.reduce(0) { $0 + $1.paddedByteCount }
    }

    /// Ends before starts at the same place.
    static func ascending(_ elements: [ElementKey: NftablesElement]) -> [NftablesElement] {
        elements.values.sorted {
            $0.key == $1.key ? $0.isIntervalEnd && !$1.isIntervalEnd : $0.key.lexicographicallyPrecedes($1.key)
        }
    }
}

extension NftablesVerdict {
    /// The chain this verdict leads to.
    var target: String? {
        switch self {
        case .jump(let name), .goto(let name): name
        default: nil
        }
    }
}

extension NftablesElement {
    var verdict: NftablesVerdict? {
        if case .verdict(let verdict)? = data { verdict } else { nil }
    }
}
