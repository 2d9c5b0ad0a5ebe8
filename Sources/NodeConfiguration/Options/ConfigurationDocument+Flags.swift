extension ConfigurationDocument {
    /// What flags say, as a configuration: kube-proxy's kind when it can say all of it, else Fairway's.
    ///
    /// - Parameter flags: as the parser took them: every value is one that its field can hold.
    package init(_ flags: FlagList) {
        let said = flags.items.compactMap(\.flag).filter { $0.role != .act || $0.name.hasPrefix("verbos") }
        let isKubeProxys = said.allSatisfy { $0.name == "verbosity" || RunFlag.kubeProxyNames.contains($0.name) }
        self.init(schema: isKubeProxys ? .kubeProxy : .fairway)
        for flag in said { set(flag, from: flags) }
    }

    private mutating func set(_ flag: RunFlag, from flags: FlagList) {
        let section = KubeProxyMode(flags.value(of: "proxy-mode") ?? "nftables").section
        let fields = schema.fields.filter { $0.flag == flag.name }
        // Of fields that say the same in several sections, that of the mode.
        let field =
            fields.first { $0.path.hasPrefix(section.rawValue + ".") }
            ?? fields.first { field in !["iptables", "ipvs", "nftables"].contains { field.path.hasPrefix($0 + ".") } }
            ?? fields.first
        guard let field, let value = field.value(of: flag, in: flags) else { return }
        set(field.path, to: value)
    }
}

extension ConfigurationField {
    fileprivate func value(of flag: RunFlag, in flags: FlagList) -> ConfigurationValue? {
        let texts = flags.items.filter { $0.flag == flag }.map { item in
            item.argument.firstIndex(of: "=").map { String(item.argument[item.argument.index(after: $0)...]) } ?? ""
        }
        guard let text = texts.last else { return nil }
        switch kind {
        case .bool: return .bool(flags.items.last { $0.flag == flag }?.argument.hasPrefix("--no-") == false)
        case .integer: return Int(text).map { .integer($0) }
        case .number: return Double(text).map { .number($0) }
        case .duration: return GoDuration.parse(text).map { .text(GoDuration.text($0)) }
        case .text, .commaList, .structure: return .text(text)
        case .texts:
            if flag.kind == .repeatable { return .texts(texts) }
            return .texts(text.split(separator: ",").map { String($0.filter { $0 != " " }) })
        case .switches:
            var result: [String: ConfigurationValue] = [:]
            for pair in text.split(separator: ",") {
                let parts = pair.split(separator: "=", maxSplits: 1)
                guard parts.count == 2 else { continue }
                result[String(parts[0])] = .bool(["true", "True", "TRUE", "t", "T", "1"].contains(parts[1]))
            }
            return .map(result)
        }
    }
}
