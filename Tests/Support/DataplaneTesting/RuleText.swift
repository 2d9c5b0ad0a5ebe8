internal import Netlink
internal import NetworkTypes

/// A rule as nft would print it: operands are gathered register by register.
struct RuleText {
    private let family: NftablesFamily
    private let sets: [String: NftablesSet]
    /// What each word of the registers holds, at the word where it begins.
    private var operands: [Int: String] = [:]
    private var parts: [String] = []

    static func text(_ rule: NftablesRule, family: NftablesFamily, sets: [String: NftablesSet]) -> String {
        var text = RuleText(family: family, sets: sets)
        for expression in rule.expressions { text.append(expression) }
        if let comment = rule.comment { text.parts.append("comment \"\(comment)\"") }
        return text.parts.joined(separator: " ")
    }

    private init(family: NftablesFamily, sets: [String: NftablesSet]) {
        self.family = family
        self.sets = sets
    }

    private mutating func set(_ register: NftablesRegister, _ text: String) {
        operands[register.byteOffset / 4] = text
    }

    private func operand(_ register: NftablesRegister) -> String { operands[register.byteOffset / 4] ?? "?" }

    /// The operands that make up the key of a set, joined.
    private func key(of name: String, _ register: NftablesRegister) -> String {
        var word = register.byteOffset / 4
        var texts: [String] = []
        for field in sets[name]?.key ?? [] {
            texts.append(operands[word] ?? "?")
            word += field.paddedByteCount / 4
        }
        return texts.joined(separator: " . ")
    }

    private mutating func append(_ expression: RuleExpression) {
        switch expression {
        case .meta(let key, let register): set(register, Self.meta(key))
        case .ct(let key, let register): set(register, ct(key))
        case .payload(let base, let offset, let length, let register): set(register, payload(base, offset, length))
        case .fibAddressType(let which, let register):
            set(register, "fib \(which == .source ? "saddr" : "daddr") type")
        case .numgen(let type, let modulus, let register):
            set(register, "numgen \(type == .random ? "random" : "inc") mod \(modulus)")
        case .immediate(let bytes, let register): set(register, Self.hexadecimal(bytes))
        case .bitwise(let from, let to, let mask, _):
            let isClass = operand(from) == "meta priority" && mask.count == 4
            set(to, "\(operand(from)) & \(isClass ? Self.classID(HostWord.value(mask)) : Self.hexadecimal(mask))")
        case .hash(let source, _, let modulus, let seed, let to):
            set(to, "jhash \(operand(source)) mod \(modulus) seed 0x\(String(seed, radix: 16))")
        case .hostToNetworkOrder(let from, let to): set(to, operand(from))
        case .dynamicSet(let operation, let name, let register, let data, let timeout):
            var element = key(of: name, register)
            if let timeout { element += " timeout \(Self.duration(timeout))" }
            if let data { element += " : \(operand(data))" }
            parts.append("\(operation) @\(name) { \(element) }")
        case .compare(let register, let operation, let value):
            parts.append(Self.comparison(operand(register), operation, value))
        case .setMeta(let key, let register):
            let value = operand(register)
            parts.append("\(Self.meta(key)) set \(value == "0x00000000" ? "none" : value)")
        case .setCtMark(let register): parts.append("ct mark set \(operand(register))")
        case .lookup(let name, let register, let inverted):
            parts.append("\(key(of: name, register)) \(inverted ? "!= " : "")@\(name)")
        case .mapLookup(let name, let register, let to):
            if to == .verdict {
                parts.append("\(key(of: name, register)) vmap @\(name)")
            } else {
                set(to, "\(key(of: name, register)) map @\(name)")
            }
        case .nat(let type, let address, _):
            parts.append("\(type == .source ? "snat" : "dnat") \(family.text) to \(operand(address))")
        case .masquerade(let random): parts.append(random ? "masquerade fully-random" : "masquerade")
        case .reject(let kind): parts.append(kind == .portUnreachable ? "reject" : "reject with tcp reset")
        case .notrack: parts.append("notrack")
        case .socket(let key, let to): set(to, key == .mark ? "socket mark" : "socket transparent")
        case .transparentProxy(let address, let port): parts.append("tproxy to \(operand(address)):\(operand(port))")
        case .verdict(let verdict): parts.append(Self.verdict(verdict))
        case .unknown(let name): parts.append("<\(name)>")
        }
    }

    private static func meta(_ key: RuleExpression.MetaKey) -> String {
        switch key {
        case .priority: "meta priority"
        case .mark: "meta mark"
        case .transportProtocol: "meta l4proto"
        case .inputInterfaceName: "iifname"
        case .outputInterfaceName: "oifname"
        }
    }

    private func ct(_ key: RuleExpression.CtKey) -> String {
        switch key {
        case .state: "ct state"
        case .status: "ct status"
        case .mark: "ct mark"
        case .direction: "ct direction"
        case .originalDestination: "ct original \(family.text) daddr"
        case .originalDestinationPort: "ct original proto-dst"
        }
    }

    private func payload(_ base: RuleExpression.PayloadBase, _ offset: Int, _ length: Int) -> String {
        switch (base, offset, length, family) {
        case (.network, 12, 4, .ip), (.network, 8, 16, .ip6): "\(family.text) saddr"
        case (.network, 16, 4, .ip), (.network, 24, 16, .ip6): "\(family.text) daddr"
        case (.transport, 0, 2, _): "th sport"
        case (.transport, 2, 2, _): "th dport"
        default: "@\(base == .network ? "nh" : "th"),\(offset * 8),\(length * 8)"
        }
    }

    private static func comparison(
        _ operand: String, _ operation: RuleExpression.CompareOperation, _ value: [UInt8]
    ) -> String {
        switch operand {
        case "ct state & " + hexadecimal(HostWord.bytes(1 << 3)) where operation == .notEqual: return "ct state new"
        case "ct status & " + hexadecimal(HostWord.bytes(1 << 5)) where operation == .notEqual:
            return "ct status dnat"
        default: break
        }
        let sign = operation == .equal ? "" : "!= "
        switch operand {
        case "meta l4proto":
            let name = value.first.flatMap { TransportProtocol(rawValue: $0) }.map { "\($0)" }
            return "\(operand) \(sign)\(name ?? hexadecimal(value))"
        case "fib saddr type", "fib daddr type":
            return "\(operand) \(sign)\(HostWord.value(value) == 2 ? "local" : hexadecimal(value))"
        case "iifname", "oifname":
            let name = String(decoding: value.prefix { $0 != 0 }, as: UTF8.self)
            return "\(operand) \(sign)\"\(name)\(value.contains(0) ? "" : "*")\""
        default: return "\(operand) \(operation == .equal ? "==" : "!=") \(hexadecimal(value))"
        }
    }

    static func verdict(_ verdict: NftablesVerdict) -> String {
        switch verdict {
        case .accept: "accept"
        case .drop: "drop"
        case .continue: "continue"
        case .return: "return"
        case .jump(let chain): "jump \(chain)"
        case .goto(let chain): "goto \(chain)"
        }
    }

    /// As nft writes times: `1d2h3m4s5ms`, parts that are zero left out.
    static func duration(_ milliseconds: UInt64) -> String {
        var rest = milliseconds
        let parts = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)].map {
            (unit: (String, UInt64)) -> String in
            defer { rest %= unit.1 }
            return rest < unit.1 ? "" : "\(rest / unit.1)\(unit.0)"
        }
        return milliseconds == 0 ? "0s" : parts.joined()
    }

    /// As tc writes handles: major and minor, hexadecimal.
    static func classID(_ value: UInt32) -> String {
        value == 0 ? "none" : "\(String(value >> 16, radix: 16)):\(String(value & 0xFFFF, radix: 16))"
    }

    static func hexadecimal(_ bytes: [UInt8]) -> String {
        "0x" + bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
