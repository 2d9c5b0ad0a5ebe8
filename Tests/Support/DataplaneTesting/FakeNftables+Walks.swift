internal import Netlink
internal import NetworkTypes

extension FakeNftables.Step {
    /// Chains below a base chain, itself counted (`NFT_JUMP_STACK_SIZE`).
    private static let depthLimit = 16

    private struct Visit: Hashable {
        let chain: String
        let depth: Int
    }

    /// Walks from each base chain wherever rules and elements lead, as `nft_chain_validate` does: not too
    /// deep, hence not in a circle, and only to expressions that may run at that hook.
    func checkWalks() throws(FakeNftablesError) {
        for base in state.chains.values {
            guard let attachment = base.attachment else { continue }
            var seen: Set<Visit> = []
            var open = [Visit(chain: base.name, depth: 0)]
            while let visit = open.popLast() {
                guard visit.depth < Self.depthLimit else {
                    throw refuse(.tooDeep, "\(base.name) leads \(visit.depth) chains deep to \(visit.chain)")
                }
                for expression in (state.rules[visit.chain] ?? []).joinedExpressions {
                    guard Self.may(expression, runAt: attachment) else {
                        throw refuse(.unsupported, "\(base.name) leads to \(expression) in \(visit.chain)")
                    }
                    for target in targets(of: expression) {
                        let next = Visit(chain: target, depth: visit.depth + 1)
                        if seen.insert(next).inserted { open.append(next) }
                    }
                }
            }
        }
    }

    /// Chains that an expression may go on with.
    private func targets(of expression: RuleExpression) -> Set<String> {
        switch expression {
        case .verdict(let verdict): Set([verdict.target].compactMap { $0 })
        case .mapLookup(let map, _, let destination) where destination == .verdict:
            Set((state.elements[map] ?? [:]).values.compactMap { $0.verdict?.target })
        default: []
        }
    }

    private static func may(_ expression: RuleExpression, runAt place: NftablesChain.Attachment) -> Bool {
        switch expression {
        case .nat(.destination, _, _): place.type == .nat && [.prerouting, .output].contains(place.hook)
        case .nat(.source, _, _): place.type == .nat && [.postrouting, .input].contains(place.hook)
        case .masquerade: place.type == .nat && place.hook == .postrouting
        case .reject: place.hook != .postrouting
        // NF_IP_PRI_CONNTRACK: later it would come too late, which the kernel does not refuse.
        case .notrack: place.type == .filter && [.prerouting, .output].contains(place.hook) && place.priority < -200
        case .transparentProxy: place.hook == .prerouting
        case .socket: [.prerouting, .input, .output].contains(place.hook)
        default: true
        }
    }
}

extension [NftablesRule] {
    fileprivate var joinedExpressions: [RuleExpression] { flatMap(\.expressions) }
}

/// The words of the registers that a rule has written so far. Newer kernels refuse rules that read others,
/// where older ones let them read zeros.
struct WrittenRegisters {
    private var words: UInt32 = 0

    private func mask(_ register: NftablesRegister, _ length: Int) -> UInt32 {
        guard register != .verdict else { return 0 }
        let first = register.byteOffset / 4
        return (first..<first + (length + 3) / 4).reduce(0) { $0 | 1 << UInt32($1) }
    }

    func contains(_ register: NftablesRegister, _ length: Int) -> Bool {
        let wanted = mask(register, length)
        return words & wanted == wanted
    }

    /// Notes what the expression writes; a lookup in a map writes `dataBytes`.
    mutating func store(_ expression: RuleExpression, _ family: NftablesFamily, dataBytes: Int = 0) {
        let (register, length): (NftablesRegister, Int)
        switch expression {
        case .meta(.inputInterfaceName, let to), .meta(.outputInterfaceName, let to): (register, length) = (to, 16)
        case .meta(_, let to), .fibAddressType(_, let to), .numgen(_, _, let to), .hash(_, _, _, _, let to),
            .hostToNetworkOrder(_, let to), .socket(_, let to):
            (register, length) = (to, 4)
        case .ct(.originalDestination, let to): (register, length) = (to, family.ipFamily.addressByteCount)
        case .ct(_, let to): (register, length) = (to, 4)
        case .payload(_, _, let bytes, let to): (register, length) = (to, bytes)
        case .immediate(let bytes, let to): (register, length) = (to, bytes.count)
        case .bitwise(_, let to, let mask, _): (register, length) = (to, mask.count)
        case .mapLookup(_, _, let to): (register, length) = (to, dataBytes)
        default: return
        }
        words |= mask(register, length)
    }
}
