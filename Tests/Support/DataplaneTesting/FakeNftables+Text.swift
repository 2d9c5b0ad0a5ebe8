internal import Netlink
internal import NetworkTypes

extension FakeNftables {
    /// The table as `nft list table` would print it, in a fixed order: sets, then base chains, then the rest.
    package var text: String {
        guard state.exists else { return "" }
        let indent = "\t"
        var lines = ["table \(family.text) fairway {"]
        for set in state.sets.values.sorted(by: { $0.name < $1.name }) {
            lines.append("\(indent)\(set.data == nil ? "set" : "map") \(set.name) {")
            lines += body(of: set).map { indent + indent + $0 }
            lines += ["\(indent)}", ""]
        }
        let chains = state.chains.values.sorted {
            ($0.attachment == nil ? 1 : 0, $0.name) < ($1.attachment == nil ? 1 : 0, $1.name)
        }
        for chain in chains {
            lines.append("\(indent)chain \(chain.name) {")
            if let comment = chain.comment { lines.append("\(indent)\(indent)comment \"\(comment)\"") }
            if let at = chain.attachment {
                let hook = "type \(at.type.rawValue) hook \(at.hook) priority \(at.priority); policy accept;"
                lines.append(indent + indent + hook)
            }
            for rule in state.rules[chain.name] ?? [] {
                lines.append(indent + indent + RuleText.text(rule, family: family, sets: state.sets))
            }
            lines += ["\(indent)}", ""]
        }
        lines.removeLast()
        return lines.joined(separator: "\n") + "\n}\n"
    }

    private func body(of set: NftablesSet) -> [String] {
        var type = "typeof " + set.key.map(Self.name).joined(separator: " . ")
        switch set.data {
        case .fields(let fields)?: type += " : " + fields.map(Self.name).joined(separator: " . ")
        case .verdict?: type += " : verdict"
        case nil: break
        }
        var lines = [type]
        if let size = set.size { lines.append("size \(size)") }
        let flags = [(NftablesSet.Flags.dynamic, "dynamic"), (.interval, "interval"), (.timeout, "timeout")]
            .filter { set.flags.contains($0.0) }
        if !flags.isEmpty { lines.append("flags " + flags.map(\.1).joined(separator: ",")) }
        if let comment = set.comment { lines.append("comment \"\(comment)\"") }
        let elements =
            set.isConcatenatedInterval
            ? concatenatedIntervals(of: set) : set.flags.contains(.interval) ? intervals(of: set) : plainElements(of: set)
        if !elements.isEmpty {
            lines.append("elements = {")
            lines += elements.map { "\t\($0)," }
            lines.append("}")
        }
        return lines
    }

    private func plainElements(of set: NftablesSet) -> [String] {
        let elements = (state.elements[set.name] ?? [:]).values
        let sortable = elements.map { (order: Self.order(of: $0.key, set.key), element: $0) }
        return sortable.sorted { $0.order.lexicographicallyPrecedes($1.order) }.map { item in
            let timeout = item.element.timeoutMilliseconds.map { " timeout \(RuleText.duration($0))" } ?? ""
            let key = Self.text(item.element.key, set.key) + timeout
            return switch (item.element.data, set.data) {
            case (.value(let bytes)?, .fields(let fields)?): "\(key) : \(Self.text(bytes, fields))"
            case (.verdict(let verdict)?, _): "\(key) : \(RuleText.verdict(verdict))"
            default: key
            }
        }
    }

    /// Ranges field by field, by key.
    private func concatenatedIntervals(of set: NftablesSet) -> [String] {
        (state.elements[set.name] ?? [:]).values.sorted { $0.key.lexicographicallyPrecedes($1.key) }
            .map { $0.text(in: set) }
    }

    /// Ranges as first and last address.
    private func intervals(of set: NftablesSet) -> [String] {
        var result: [String] = []
        var start: IPAddress?
        for element in Self.ascending(state.elements[set.name] ?? [:]) {
            guard let address = IPAddress(networkBytes: element.key) else { continue }
            if let first = start, element.isIntervalEnd, address.bits > 0 {
                result.append("\(first)-\(IPAddress(bits: address.bits - 1, family: address.family))")
                start = nil
            } else {
                start = address
            }
        }
        if let start { result.append("\(start)-") }
        return result
    }

    private static func name(_ field: NftablesField) -> String {
        switch field {
        case .sourceAddress(let family): "\(family.text) saddr"
        case .destinationAddress(let family): "\(family.text) daddr"
        case .transportProtocol: "meta l4proto"
        case .destinationPort: "th dport"
        case .index: "numgen random mod 2"
        case .priority: "meta priority"
        case .mark: "meta mark"
        }
    }

    /// The fields of a key or data with their bytes.
    private static func split(_ bytes: [UInt8], _ fields: [NftablesField]) -> [(NftablesField, [UInt8])] {
        var rest = bytes[...]
        return fields.map { field in
            let value = Array(rest.prefix(field.byteCount))
            rest = rest.dropFirst(field.paddedByteCount)
            return (field, value)
        }
    }

    /// Bytes that sort by value, whatever the order of the host.
    private static func order(of bytes: [UInt8], _ fields: [NftablesField]) -> [UInt8] {
        split(bytes, fields).flatMap { field, value -> [UInt8] in
            switch field {
            case .index, .priority, .mark:
                let number = HostWord.value(value)
                return (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - $0 * 8)) }
            default: return value
            }
        }
    }

    private static func text(_ bytes: [UInt8], _ fields: [NftablesField]) -> String {
        split(bytes, fields).map { field, value in
            switch field {
            case .sourceAddress, .destinationAddress:
                IPAddress(networkBytes: value).map { "\($0)" } ?? RuleText.hexadecimal(value)
            case .transportProtocol:
                value.first.flatMap { TransportProtocol(rawValue: $0) }.map { "\($0)" } ?? RuleText.hexadecimal(value)
            case .destinationPort: value.count == 2 ? "\(UInt16(value[0]) << 8 | UInt16(value[1]))" : "?"
            case .index, .mark: "\(HostWord.value(value))"
            case .priority: RuleText.classID(HostWord.value(value))
            }
        }.joined(separator: " . ")
    }
}
