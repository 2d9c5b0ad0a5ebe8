internal import ManifestSource
internal import NetworkTypes

/// What a KubeProxyConfiguration may say (pkg/proxy/apis/config/validation of Kubernetes 1.36), as faults with places.
struct KubeProxyValidation {
    let document: ConfigurationDocument
    private(set) var faults: [FileFault] = []

    /// Interface names hold 15 bytes at most (IFNAMSIZ in linux/if.h, with the final zero).
    private static let interfaceNameBytes = 15
    /// Bits of a packet's mark.
    private static let markBits = 0...31
    /// As proc(5) has it.
    private static let oomScores = -1000...1000

    init(_ document: ConfigurationDocument) {
        self.document = document
        checkMode()
        checkPeriods()
        checkNumbers()
        checkAddresses()
        checkLocalDetection()
    }

    private var mode: KubeProxyMode { KubeProxyMode(document["mode"].text ?? "") }

    private mutating func add(_ field: String, _ message: String) { faults.append(document.fault(field, message)) }

    private mutating func invalid(_ field: String, _ value: some CustomStringConvertible, _ rule: String) {
        add(field, "Invalid value: \(value): \(rule)")
    }

    private mutating func checkMode() {
        let known = ["", "iptables", "ipvs", "nftables", "ebpf", "userspace"]
        guard !known.contains(mode.name) else { return }
        invalid("mode", "\"\(mode.name)\"", "must be nftables, ebpf or userspace, or kube-proxy's iptables or ipvs")
    }

    private mutating func checkPeriods() {
        for section in [KubeProxyMode.Section.iptables, .ipvs, .nftables] {
            let (period, least) = ("\(section.rawValue).syncPeriod", "\(section.rawValue).minSyncPeriod")
            let values = (document[period].duration ?? .zero, document[least].duration ?? .zero)
            if values.0 <= .zero { invalid(period, document[period].flagText, "must be greater than 0") }
            if values.1 < .zero { invalid(least, document[least].flagText, "must be greater than or equal to 0") }
            if values.1 > values.0, values.0 > .zero {
                // Shown at what the file says; the other is the default.
                let shown = document.setting(period) != nil ? period : least
                invalid(shown, document[shown].flagText, "\(period) must be greater than or equal to \(least)")
            }
        }
        if document["configSyncPeriod"].duration ?? .zero <= .zero {
            invalid("configSyncPeriod", document["configSyncPeriod"].flagText, "must be greater than 0")
        }
        let timeouts = [
            "conntrack.tcpEstablishedTimeout", "conntrack.tcpCloseWaitTimeout", "conntrack.udpTimeout",
            "conntrack.udpStreamTimeout", "ipvs.tcpTimeout", "ipvs.tcpFinTimeout", "ipvs.udpTimeout",
        ]
        for field in timeouts where document[field].duration.map({ $0 < .zero }) ?? false {
            invalid(field, document[field].flagText, "must be greater than or equal to 0")
        }
    }

    private mutating func checkNumbers() {
        func check(_ field: String, _ range: ClosedRange<Int>) -> String? {
            guard let value = document[field].integer, !range.contains(value) else { return nil }
            return range.upperBound == Int(Int32.max)
                ? "must be greater than or equal to \(range.lowerBound)"
                : "must be within the range [\(range.lowerBound), \(range.upperBound)]"
        }
        let natural = 0...Int(Int32.max)
        let ranges: [(String, ClosedRange<Int>)] = [
            ("iptables.masqueradeBit", Self.markBits), ("nftables.masqueradeBit", Self.markBits),
            ("oomScoreAdj", Self.oomScores), ("conntrack.maxPerCore", natural), ("conntrack.min", natural),
            ("clientConnection.burst", natural), ("logging.verbosity", natural),
        ]
        for (field, range) in ranges {
            if let rule = check(field, range) { invalid(field, document[field].flagText, rule) }
        }
    }

    private mutating func checkAddresses() {
        if let text = document["bindAddress"].text, IPAddress(text) == nil {
            invalid("bindAddress", "\"\(text)\"", "must be an IP address")
        }
        for field in ["healthzBindAddress", "metricsBindAddress"] {
            guard let text = document[field].text, !Self.isListenAddress(text) else { continue }
            invalid(field, "\"\(text)\"", "must be ADDRESS:PORT, as 0.0.0.0:10256 or [::]:10256; ports go to 65535")
        }
        checkNodePortAddresses()
        for (index, text) in document["ipvs.excludeCIDRs"].texts.enumerated() where IPPrefix(text) == nil {
            add("ipvs.excludeCIDRs", "[\(index)]: Invalid value: \"\(text)\": must be a CIDR, as 10.0.0.0/8")
        }
        checkClusterCIDR()
    }

    /// An address with a port, or without: then it has kube-proxy's.
    private static func isListenAddress(_ text: String) -> Bool {
        if IPAddress(text) != nil { return true }
        guard let colon = text.lastIndex(of: ":") else { return false }
        var host = text[..<colon]
        if host.first == "[" && host.last == "]" {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return false
        }
        guard IPAddress(String(host)) != nil, let port = Int(text[text.index(after: colon)...]) else { return false }
        return (0...65_535).contains(port)
    }

    private mutating func checkNodePortAddresses() {
        let items = document["nodePortAddresses"].texts
        let isPrimary = items.contains("primary")
        for (index, text) in items.enumerated() where text != "primary" && text != "localhost" {
            if IPPrefix(text) == nil {
                add("nodePortAddresses", "[\(index)]: Invalid value: \"\(text)\": must be a CIDR, primary or localhost")
            } else if isPrimary {
                add("nodePortAddresses", "[\(index)]: Invalid value: \"\(text)\": primary cannot be combined with CIDRs")
            }
        }
        if items.count(where: { $0 == "primary" }) > 1 { add("nodePortAddresses", "primary is given twice") }
    }

    private mutating func checkClusterCIDR() {
        guard let text = document["clusterCIDR"].text, !text.isEmpty else { return }
        let items = text.split(separator: ",", omittingEmptySubsequences: false)
        let prefixes = items.compactMap { IPPrefix($0) }
        if prefixes.count != items.count {
            let wrong = items.first { IPPrefix($0) == nil } ?? ""
            invalid("clusterCIDR", "\"\(wrong)\"", "must be a CIDR, as 10.244.0.0/16")
        } else if prefixes.count > 2 || (prefixes.count == 2 && prefixes[0].family == prefixes[1].family) {
            invalid("clusterCIDR", "\"\(text)\"", "must be one CIDR, or one of each family")
        }
    }

    private mutating func checkLocalDetection() {
        let mode = document["detectLocalMode"].text ?? ""
        guard ["", "ClusterCIDR", "NodeCIDR", "BridgeInterface", "InterfaceNamePrefix"].contains(mode) else {
            invalid(
                "detectLocalMode", "\"\(mode)\"", "must be ClusterCIDR, NodeCIDR, BridgeInterface or InterfaceNamePrefix")
            return
        }
        for (needing, field) in [
            ("BridgeInterface", "detectLocal.bridgeInterface"), ("InterfaceNamePrefix", "detectLocal.interfaceNamePrefix"),
        ] {
            let name = document[field].text ?? ""
            if name.isEmpty && mode == needing {
                add(document.setting(field) == nil ? "detectLocalMode" : field, "\(mode) needs \(field)")
            }
            if name.utf8.count > Self.interfaceNameBytes {
                invalid(field, "\"\(name)\"", "names of interfaces have at most \(Self.interfaceNameBytes) bytes")
            }
        }
    }
}
