/// What a configuration says, as flags of `fairway run`.
package struct ConfigurationOptions: Sendable, Hashable {
    /// A flag with its value, and the field it comes from.
    package struct Setting: Sendable, Hashable {
        package let flag: RunFlag
        package let value: ConfigurationValue
        package let field: String
    }

    package private(set) var settings: [Setting] = []
    /// A line for each field that nothing comes of, or something else than kube-proxy would make of it.
    package private(set) var warnings: [String] = []
    private let path: String

    /// - Parameter document: valid.
    package init(_ document: ConfigurationDocument) {
        path = document.path
        if let warning = document.strayWarning { warnings.append(warning) }
        let mode = KubeProxyMode(document.isKubeProxy ? document["mode"].text ?? "" : "")
        for field in document.schema.fields {
            guard let value = document.setting(field.path), document.concerns(field, mode) else { continue }
            add(field, value)
        }
        if document.isKubeProxy { addWhatKubeProxyTakes(document, mode) }
    }

    private mutating func add(_ field: ConfigurationField, _ value: ConfigurationValue) {
        let flag = field.flag.flatMap(RunFlag.named)
        if let unused = field.unused ?? flag?.unused {
            if value != field.standard { warnings.append("\(path): \(field.path) \(unused)") }
        } else if let flag {
            set(flag, value, field.path)
        }
    }

    private mutating func set(_ flag: RunFlag, _ value: ConfigurationValue, _ field: String) {
        settings.removeAll { $0.flag == flag }
        settings.append(Setting(flag: flag, value: value, field: field))
    }

    private mutating func set(_ flag: String, _ value: ConfigurationValue, _ field: String) {
        if let flag = RunFlag.named(flag) { set(flag, value, field) }
    }

    /// The flags as a command line has them.
    package var arguments: [String] {
        settings.flatMap { setting -> [String] in
            let name = "--\(setting.flag.name)"
            switch (setting.flag.kind, setting.value) {
            case (.toggle, .bool(true)): return [name]
            case (.toggle, _): return setting.flag.isInvertible ? ["--no-\(setting.flag.name)"] : []
            case (.repeatable, .list(let values)): return values.map { "\(name)=\($0.flagText)" }
            default: return ["\(name)=\(setting.value.flagText)"]
            }
        }
    }

    /// The field behind a flag, for what is wrong with its value.
    package func field(ofFlag name: some StringProtocol) -> String? {
        settings.first { $0.flag.name == name }?.field
    }
}

extension ConfigurationDocument {
    /// kube-proxy's own kind.
    package var isKubeProxy: Bool { schema.kind == ConfigurationSchema.kubeProxy.kind }

    /// Not part of a section that speaks of another mode.
    fileprivate func concerns(_ field: ConfigurationField, _ mode: KubeProxyMode) -> Bool {
        guard isKubeProxy, let section = field.components.first.flatMap({ KubeProxyMode.Section(rawValue: String($0)) })
        else { return true }
        return section == mode.section
    }
}

extension ConfigurationOptions {
    /// Where kube-proxy's defaults are not those of Fairway's flags, its own hold.
    fileprivate mutating func addWhatKubeProxyTakes(_ document: ConfigurationDocument, _ mode: KubeProxyMode) {
        if mode.name.isEmpty { set("proxy-mode", .text(mode.carrier), "mode") }
        if document.setting("oomScoreAdj") == nil { set("oom-score-adj", document["oomScoreAdj"], "oomScoreAdj") }
        addListenDefaults(document)
        // kube-proxy looks at the kernel every 30 s and rests for 1 s after a change. Here the kernel tells of changes and a
        // step costs little: those defaults, written down or not, stand for Fairway's own.
        for period in ["syncPeriod", "minSyncPeriod"].map({ "\(mode.section.rawValue).\($0)" })
        where document[period] == document.schema[period]?.standard { settings.removeAll { $0.field == period } }
        if mode.section == .ipvs, document.setting("ipvs.scheduler") == nil { set("ipvs-scheduler", "rr", "ipvs.scheduler") }
        addNodePortDefaults(document, mode)
        // kube-proxy goes on without telling pods from others.
        if document["detectLocalMode"] == "ClusterCIDR", document.setting("clusterCIDR") == nil {
            settings.removeAll { $0.flag.name == "detect-local-mode" }
            warnings.append("\(path): detectLocalMode is ClusterCIDR and clusterCIDR is not set: the Node's podCIDRs tell pods from others")
        }
    }

    /// With a node address of IPv6, pages are at addresses of IPv6.
    private mutating func addListenDefaults(_ document: ConfigurationDocument) {
        guard document["bindAddress"].text?.contains(":") == true else { return }
        for (field, flag, address) in [
            ("healthzBindAddress", "healthz-bind-address", "[::]:10256"),
            ("metricsBindAddress", "metrics-bind-address", "[::1]:10249"),
        ] where document.setting(field) == nil { set(flag, .text(address), field) }
    }

    /// kube-proxy serves NodePorts at every address in its modes iptables and ipvs, at the Node's own in nftables.
    private mutating func addNodePortDefaults(_ document: ConfigurationDocument, _ mode: KubeProxyMode) {
        var addresses = document["nodePortAddresses"].texts
        if addresses.isEmpty, mode.section != .nftables { addresses = ["0.0.0.0/0", "::/0"] }
        // Loopback is its own affair: a prefix that holds it does not ask for it.
        let servesLocalhost = mode.section == .iptables && document.setting("iptables.localhostNodePorts")?.bool == true
        if servesLocalhost, !addresses.contains("localhost") {
            addresses = (addresses.isEmpty ? ["primary"] : addresses) + ["localhost"]
        }
        settings.removeAll { $0.flag.name == "iptables-localhost-nodeports" }
        if !addresses.isEmpty { set("nodeport-addresses", .texts(addresses), "nodePortAddresses") }
    }
}

extension RunFlag {
    /// Its default is on: `--no-NAME` switches it off.
    package var isInvertible: Bool { name == "iptables-localhost-nodeports" }
}
