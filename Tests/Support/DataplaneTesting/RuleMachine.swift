internal import Netlink
internal import NetworkTypes

/// The state of one packet on its way, and the expressions of rules that act on it.
struct RuleMachine {
    enum End {
        case accept
        case drop
        case reject
    }

    enum ChainResult {
        case fallsThrough
        case stops(End)
    }

    /// What an expression says about the rest of its rule.
    private enum Next {
        case goOn
        /// The rule does not match.
        case breakOff
        case verdict(NftablesVerdict)
        case end(End)
    }

    /// `NFT_JUMP_STACK_SIZE`.
    private static let jumpLimit = 16
    // Bits of `ct state` and `ct status` (nft's mask of ip_conntrack_info; IPS_DST_NAT).
    private static let established: UInt32 = 1 << 1
    private static let new: UInt32 = 1 << 3
    private static let untracked: UInt32 = 1 << 6
    private static let dnat: UInt32 = 1 << 5
    // linux/rtnetlink.h: RTN_UNICAST, RTN_LOCAL.
    private static let unicast: UInt32 = 1
    private static let local: UInt32 = 2

    private(set) var tracer: PacketTracer
    /// A commit that comes while the packet is on its way: what holds after it, and how many lookups come before.
    private var commit: (later: PacketTracer, lookups: Int)?
    /// Lookups see `commit.later`.
    private(set) var isCommitted = false
    var packet: TracedPacket
    var choices: RandomChoices
    /// The table, with what rules changed in its sets.
    private(set) var state: FakeNftables.State
    /// The hook of the NAT chain that runs; nil in a filter chain.
    var natHook: NftablesChain.Hook?
    private(set) var priority: UInt32 = 0
    private(set) var isDestinationTranslated = false
    private(set) var isMasqueraded = false
    private var mark: UInt32 = 0
    private var ctMark: UInt32 = 0
    private let original: TracedPacket
    private var registers = RegisterFile()

    init(
        tracer: PacketTracer, packet: TracedPacket, choices: RandomChoices,
        commit: (later: PacketTracer, lookups: Int)? = nil
    ) {
        self.tracer = tracer
        self.commit = commit
        self.packet = packet
        self.choices = choices
        state = tracer.state
        original = packet
    }

    private func error(_ chain: String, _ what: String) -> TraceError {
        TraceError(packet: original, chain: chain, what: what)
    }

    // MARK: Chains

    /// A walk through a hook's chains runs the rules of one generation, whatever its lookups see.
    mutating func beginHook() {
        if isCommitted, let commit { tracer = commit.later }
    }

    private mutating func countLookup() {
        guard !isCommitted, let commit else { return }
        if commit.lookups > 0 {
            self.commit = (commit.later, commit.lookups - 1)
        } else {
            isCommitted = true
            state = commit.later.state
        }
    }

    mutating func run(_ chain: String, depth: Int) throws(TraceError) -> ChainResult {
        guard depth < Self.jumpLimit else { throw error(chain, "jumps too deep") }
        guard let rules = tracer.state.rules[chain] else {
            // A chain that came with the commit is empty for who began before.
            if isCommitted { return .fallsThrough }
            throw error(chain, "is missing")
        }
        for rule in rules {
            switch try run(rule) {
            case .goOn, .breakOff, .verdict(.continue): continue
            case .end(let end): return .stops(end)
            case .verdict(.accept): return .stops(.accept)
            case .verdict(.drop): return .stops(.drop)
            case .verdict(.return): return .fallsThrough
            case .verdict(.jump(let target)):
                if case .stops(let end) = try run(target, depth: depth + 1) { return .stops(end) }
            case .verdict(.goto(let target)):
                return try run(target, depth: depth + 1)
            }
        }
        return .fallsThrough
    }

    private mutating func run(_ rule: NftablesRule) throws(TraceError) -> Next {
        registers.reset()
        for expression in rule.expressions {
            switch try run(expression, rule.chain) {
            case .goOn: continue
            case let other: return other
            }
        }
        return .goOn
    }

    private func load(_ register: NftablesRegister, _ length: Int, _ chain: String) throws(TraceError) -> [UInt8] {
        guard let bytes = registers.load(register, length) else {
            throw error(chain, "reads \(length) bytes from register \(register.number), not all written")
        }
        return bytes
    }

    // MARK: Expressions

    private mutating func run(_ expression: RuleExpression, _ chain: String) throws(TraceError) -> Next {
        switch expression {
        case .meta(let key, let register):
            registers.store(try meta(key, chain), register)
        case .setMeta(.priority, let register):
            priority = HostWord.value(try load(register, 4, chain))
        case .setMeta(.mark, let register):
            mark = HostWord.value(try load(register, 4, chain))
        case .ct(let key, let register):
            // nft_ct_get_eval: without an entry only the state can be told.
            if packet.isUntracked && key != .state { return .breakOff }
            registers.store(conntrack(key), register)
        case .setCtMark(let register):
            ctMark = HostWord.value(try load(register, 4, chain))
        case .payload(let base, let offset, let length, let register):
            let header = base == .network ? networkHeader : transportHeader
            guard offset + length <= header.count else { return .breakOff }
            registers.store(header[offset..<offset + length], register)
        case .compare(let register, let operation, let value):
            let isEqual = try load(register, value.count, chain) == value
            return isEqual == (operation == .equal) ? .goOn : .breakOff
        case .bitwise(let from, let to, let mask, let xor):
            let value = try load(from, mask.count, chain)
            registers.store(value.indices.map { (value[$0] & mask[$0]) ^ xor[$0] }, to)
        case .immediate(let bytes, let register):
            registers.store(bytes, register)
        case .verdict(let verdict):
            return .verdict(verdict)
        case .lookup(let name, let register, let inverted):
            countLookup()
            return (try find(name, register, chain) != nil) != inverted ? .goOn : .breakOff
        case .mapLookup(let name, let key, let destination):
            return try mapLookup(name, key, destination, chain)
        case .numgen(_, let modulus, let register):
            registers.store(HostWord.bytes(choices.draw(modulus: modulus)), register)
        case .hash(let source, let length, let modulus, let seed, let register):
            let bytes = try load(source, length, chain)
            registers.store(HostWord.bytes(JenkinsHash.index(of: bytes, seed: seed, modulus: modulus)), register)
        case .hostToNetworkOrder(let from, let to):
            registers.store(HostWord.bytes(HostWord.value(try load(from, 4, chain)).bigEndian), to)
        case .dynamicSet(let operation, let name, let key, let data, let timeout):
            return try change(operation, name, key, data, timeout, chain)
        case .nat(let type, let address, let port):
            return try translate(type, address, port, chain)
        case .masquerade:
            guard natHook == .postrouting else { throw error(chain, "masquerades outside NAT postrouting") }
            isMasqueraded = true
            return .end(.accept)
        case .reject:
            return .end(.reject)
        case .fibAddressType(let which, let register):
            let address = which == .source ? packet.source : packet.destination
            registers.store(HostWord.bytes(tracer.isLocal(address) ? Self.local : Self.unicast), register)
        case .notrack:
            packet.isUntracked = true
        case .socket, .transparentProxy:
            throw error(chain, "looks at sockets")
        case .setMeta(let key, _):
            throw error(chain, "sets meta \(key)")
        case .unknown(let name):
            throw error(chain, "holds the unknown expression \(name)")
        }
        return .goOn
    }

    private func meta(_ key: RuleExpression.MetaKey, _ chain: String) throws(TraceError) -> [UInt8] {
        switch key {
        case .priority: HostWord.bytes(priority)
        case .mark: HostWord.bytes(mark)
        case .transportProtocol: [packet.protocol.rawValue]
        case .inputInterfaceName:
            Array((Array((packet.inputInterface ?? "").utf8) + [UInt8](repeating: 0, count: 16)).prefix(16))
        case .outputInterfaceName: throw error(chain, "asks for the output interface")
        }
    }

    private func conntrack(_ key: RuleExpression.CtKey) -> [UInt8] {
        switch key {
        case .state:
            HostWord.bytes(packet.isUntracked ? Self.untracked : packet.isNewConnection ? Self.new : Self.established)
        case .status: HostWord.bytes(isDestinationTranslated ? Self.dnat : 0)
        case .mark: HostWord.bytes(ctMark)
        case .direction: [0]
        case .originalDestination: original.destination.networkBytes
        case .originalDestinationPort: Self.bytes(original.destinationPort)
        }
    }

    private static func bytes(_ port: PortNumber) -> [UInt8] {
        [UInt8(port.rawValue >> 8), UInt8(port.rawValue & 255)]
    }

    /// RFC 791 section 3.1, RFC 8200 section 3: addresses and protocol, zeros elsewhere.
    private var networkHeader: [UInt8] {
        let (source, destination) = (packet.source.networkBytes, packet.destination.networkBytes)
        return switch tracer.family {
        case .ip: [UInt8](repeating: 0, count: 9) + [packet.protocol.rawValue, 0, 0] + source + destination
        case .ip6: [0, 0, 0, 0, 0, 0, packet.protocol.rawValue, 0] + source + destination
        }
    }

    private var transportHeader: [UInt8] { Self.bytes(packet.sourcePort) + Self.bytes(packet.destinationPort) }

    // MARK: Sets and translation

    private func find(
        _ name: String, _ register: NftablesRegister, _ chain: String
    ) throws(TraceError) -> NftablesElement? {
        guard let set = state.sets[name], let elements = state.elements[name] else {
            throw error(chain, "looks in the missing set \(name)")
        }
        let key = try load(register, FakeNftables.width(set.key), chain)
        if set.isConcatenatedInterval { return state.range(holding: key, in: name)?.element }
        let lookingIn = isCommitted ? commit?.later ?? tracer : tracer
        guard let intervals = lookingIn.intervals[name] else {
            return elements[FakeNftables.ElementKey(bytes: key, isIntervalEnd: false)]
        }
        let last = intervals.last { !key.lexicographicallyPrecedes($0.key) }
        return last.flatMap { $0.isIntervalEnd ? nil : $0 }
    }

    private mutating func change(
        _ operation: RuleExpression.DynamicSetOperation, _ name: String, _ key: NftablesRegister,
        _ data: NftablesRegister?, _ timeout: UInt64?, _ chain: String
    ) throws(TraceError) -> Next {
        countLookup()
        guard let set = state.sets[name] else { throw error(chain, "changes the missing set \(name)") }
        let keyBytes = try load(key, FakeNftables.width(set.key), chain)
        var value: [UInt8]?
        if let data, case .fields(let fields)? = set.data { value = try load(data, FakeNftables.width(fields), chain) }
        let goesOn = state.change(operation, name, key: keyBytes, data: value, timeoutMilliseconds: timeout)
        return goesOn ? .goOn : .breakOff
    }

    private mutating func mapLookup(
        _ name: String, _ key: NftablesRegister, _ destination: NftablesRegister, _ chain: String
    ) throws(TraceError) -> Next {
        countLookup()
        guard let element = try find(name, key, chain) else { return .breakOff }
        switch element.data {
        case .value(let bytes)?:
            registers.store(bytes, destination)
            return .goOn
        case .verdict(let verdict)?: return .verdict(verdict)
        case nil: throw error(chain, "finds no data in \(name)")
        }
    }

    private mutating func translate(
        _ type: RuleExpression.NatType, _ address: NftablesRegister, _ port: NftablesRegister?, _ chain: String
    ) throws(TraceError) -> Next {
        guard type == .destination, natHook == .prerouting || natHook == .output else {
            throw error(chain, "translates outside NAT prerouting and output")
        }
        let bytes = try load(address, tracer.family.ipFamily.addressByteCount, chain)
        guard let target = IPAddress(networkBytes: bytes) else { throw error(chain, "translates to no address") }
        packet.destination = target
        if let port {
            let bytes = try load(port, 2, chain)
            guard let number = PortNumber(UInt16(bytes[0]) << 8 | UInt16(bytes[1])) else {
                throw error(chain, "translates to port 0")
            }
            packet.destinationPort = number
        }
        isDestinationTranslated = true
        return .end(.accept)
    }
}

/// 32-bit values in the order of the host, as registers hold them.
enum HostWord {
    static func bytes(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> shift($0)) } }

    static func value(_ bytes: some Collection<UInt8>) -> UInt32 {
        bytes.enumerated().reduce(0) { $0 | UInt32($1.element) << shift(UInt32($1.offset)) }
    }

    private static func shift(_ index: UInt32) -> UInt32 {
        #if _endian(little)
            index * 8
        #else
            24 - index * 8
        #endif
    }
}
