internal import FoundationEssentials
internal import LinuxSystem
internal import Logging
internal import Netlink
internal import NetworkTypes

/// Gathers `NodeFacts` and logs what they give reason for: each warning once, until its cause is gone.
struct NodeWatch: ~Copyable {
    private let sysctl: Sysctl
    private let routesByMark: Bool
    private let logger: Logger
    private let nftables: NftablesSocket?
    private var generation: UInt32?
    private var facts = NodeFacts()
    private var reported: Set<String> = []

    /// - Parameter routesByMark: the mode that runs has packets routed to this node by a mark.
    init(sysctl: Sysctl = Sysctl(), routesByMark: Bool, logger: Logger) {
        self.sysctl = sysctl
        self.routesByMark = routesByMark
        self.logger = logger
        // Without it the dataplane cannot work either, and says so.
        nftables = try? NftablesSocket()
    }

    /// Some file reads an interface; tables are listed only when somebody changed them.
    mutating func check(_ ports: NodePorts?) {
        if let ports { facts.familiesWithoutPods = ports.familiesWithoutPods }
        gather()
        let warnings = NodeWarning.warnings(facts)
        for warning in warnings where !reported.contains(warning.name) {
            logger.warning("\(warning.text)", metadata: ["warning": "\(warning.name)"])
        }
        let names = Set(warnings.map(\.name))
        for name in reported.subtracting(names).sorted() { logger.info("settled", metadata: ["warning": "\(name)"]) }
        reported = names
    }

    private mutating func gather() {
        facts.forwards = [:]
        for (family, setting) in [(IPFamily.ipv4, "net.ipv4.ip_forward"), (.ipv6, "net.ipv6.conf.all.forwarding")] {
            facts.forwards[family] = (try? sysctl.readInteger(setting)).map { $0 != 0 }
        }
        (facts.reversePathFilters, facts.sourceValidMarks) = ([:], [:])
        let interfaces = try? FileManager.default.contentsOfDirectory(atPath: "\(sysctl.root)/net/ipv4/conf")
        for name in interfaces ?? [] {
            let spelled = name.replacing(".", with: "/")
            facts.reversePathFilters[name] = try? sysctl.readInteger("net.ipv4.conf.\(spelled).rp_filter")
            guard routesByMark else { continue }
            facts.sourceValidMarks[name] = try? sysctl.readInteger("net.ipv4.conf.\(spelled).src_valid_mark")
        }
        do throws(NetlinkError) {
            guard let current = try nftables?.generation(), current != generation else { return }
            facts.tables = try nftables?.surveyTables() ?? []
            facts.chains = (try nftables?.surveyChains() ?? []).filter { $0.dropsByPolicy || $0.name == "KUBE-SERVICES" }
            generation = current
        } catch {
            logger.debug("\(error); other tables are looked at again later")
        }
    }
}
