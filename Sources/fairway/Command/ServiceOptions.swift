internal import ArgumentParser
internal import NetworkTypes
internal import NodeConfiguration
internal import ServicePolicy
internal import ServiceTable

/// Options that decide about Services, named as kube-proxy names them.
struct ServiceOptions: ParsableArguments {
    @Option(help: "What carries Services: nftables, ebpf or userspace; kube-proxy's iptables is nftables, ipvs is ebpf.")
    var proxyMode = ProxyMode.nftables.rawValue

    @Option(help: "This node's name, as Pods and Nodes spell it (default: the host's name in lower case).")
    var hostnameOverride: String?

    @Option(help: "Addresses of pods, a comma-separated list of CIDRs (default: the own Node's podCIDRs).")
    var clusterCidr = ""

    @Option(
        help: """
            How packets from pods are told: ClusterCIDR, NodeCIDR, BridgeInterface or InterfaceNamePrefix \
            (default: ClusterCIDR when --cluster-cidr is given, else NodeCIDR).
            """)
    var detectLocalMode: String?

    @Option(help: "The bridge of --detect-local-mode BridgeInterface.")
    var podBridgeInterface: String?

    @Option(help: "The prefix of --detect-local-mode InterfaceNamePrefix.")
    var podInterfaceNamePrefix: String?

    @Option(
        help: """
            How a backend is chosen where a Service's annotation fairway.dev/scheduler does not say: \
            \(Scheduler.allCases.map(\.rawValue).joined(separator: ", ")) (default: random).
            """)
    var scheduler: String?

    @Option(help: "This node's primary address, whatever the Node says; 0.0.0.0 or ::: the Node's InternalIPs.")
    var bindAddress = "0.0.0.0"

    @Flag(help: "Masquerade everything that is sent to a ClusterIP.")
    var masqueradeAll = false

    @Flag(
        help: """
            Close TCP connections to pods that are gone: a client sees them reset as soon as it sends \
            (flows of UDP and SCTP are always moved).
            """)
    var closeStaleConnections = false

    @Option(help: "Where NodePorts are served: primary (the Node's InternalIPs), or a comma-separated list of CIDRs; beside either, localhost.")
    var nodeportAddresses = "primary"

    @Option(help: "Ranges of ClusterIPs, a comma-separated list of CIDRs, at most one of each family.")
    var serviceClusterIpRange = defaultServiceRanges

    /// Of manifests; an API has ServiceCIDRs.
    static let defaultServiceRanges = "10.96.0.0/12,fd00:10:96::/112"

    /// Others than the default were asked for.
    var namesServiceRanges: Bool { serviceClusterIpRange != Self.defaultServiceRanges }

    /// Interface names hold 15 bytes at most (IFNAMSIZ in linux/if.h, with the final zero).
    private static let interfaceNameLimit = 15

    /// The options as values, or one line that says which is wrong.
    ///
    /// - Parameter otherScheduler: what kube-proxy's flags say; `--scheduler` goes before it.
    func policyOptions(hostName: String, otherScheduler: String? = nil) throws(CommandFailure) -> PolicyOptions {
        let name = scheduler ?? otherScheduler ?? Scheduler.random.rawValue
        guard let chosen = Scheduler(rawValue: name) else {
            let known = Scheduler.allCases.map(\.rawValue).joined(separator: ", ")
            throw .usage("\(scheduler == nil ? "--ipvs-scheduler" : "--scheduler") \(name): expected one of \(known)")
        }
        var options = PolicyOptions(
            nodeName: try nodeName(hostName: hostName), localDetection: try localDetection(),
            clusterCIDRs: try prefixes(clusterCidr, "--cluster-cidr"), masqueradeAll: masqueradeAll,
            nodePortAddresses: try nodePortAddresses(), serviceRanges: try serviceRanges(),
            scheduler: chosen)
        options.nodeAddress = try nodeAddress()
        return options
    }

    private func nodeAddress() throws(CommandFailure) -> IPAddress? {
        guard let address = IPAddress(bindAddress) else {
            throw .usage("--bind-address \(bindAddress): expected an IP address")
        }
        return address.isUnspecified ? nil : address
    }

    /// `--proxy-mode` as it was written.
    var writtenMode: KubeProxyMode { KubeProxyMode(proxyMode) }

    func mode() throws(CommandFailure) -> ProxyMode {
        guard let mode = ProxyMode(rawValue: writtenMode.carrier) else {
            let known = ProxyMode.allCases.map(\.rawValue).joined(separator: ", ")
            throw .usage("--proxy-mode \(proxyMode): expected one of \(known)")
        }
        return mode
    }

    func nodeName(hostName: String) throws(CommandFailure) -> String {
        let name = (hostnameOverride ?? hostName).lowercased()
        guard !name.isEmpty else {
            throw .usage("--hostname-override is empty; give this node's name, or leave the option out")
        }
        return name
    }

    /// Addresses whose names are the cluster's: Services' and pods'.
    func reverseRanges() throws(CommandFailure) -> [IPPrefix] {
        try serviceRanges() + prefixes(clusterCidr, "--cluster-cidr")
    }

    /// `--service-cluster-ip-range`, at most one of each family.
    func serviceRanges() throws(CommandFailure) -> [IPPrefix] {
        let ranges = try prefixes(serviceClusterIpRange, "--service-cluster-ip-range")
        for family in IPFamily.allCases where ranges.count(where: { $0.family == family }) > 1 {
            throw .usage("--service-cluster-ip-range \(serviceClusterIpRange): more than one \(family) range; give one")
        }
        guard !ranges.isEmpty else { throw .usage("--service-cluster-ip-range is empty; give a CIDR, as 10.96.0.0/12") }
        return ranges
    }

    private func localDetection() throws(CommandFailure) -> PolicyOptions.LocalDetection {
        func interface(_ value: String?, _ flag: String) throws(CommandFailure) -> String {
            guard let value, !value.isEmpty else {
                throw .usage("--detect-local-mode \(detectLocalMode ?? "") needs \(flag)")
            }
            guard value.utf8.count <= Self.interfaceNameLimit else {
                throw .usage("\(flag) \(value): interface names have at most \(Self.interfaceNameLimit) bytes")
            }
            return value
        }
        switch detectLocalMode {
        case nil: return .automatic
        case "ClusterCIDR":
            guard !clusterCidr.isEmpty else { throw .usage("--detect-local-mode ClusterCIDR needs --cluster-cidr") }
            return .clusterCIDR
        case "NodeCIDR": return .nodeCIDR
        case "BridgeInterface": return .bridgeInterface(try interface(podBridgeInterface, "--pod-bridge-interface"))
        case "InterfaceNamePrefix":
            return .interfaceNamePrefix(try interface(podInterfaceNamePrefix, "--pod-interface-name-prefix"))
        case let other?:
            throw .usage(
                "--detect-local-mode \(other): expected ClusterCIDR, NodeCIDR, BridgeInterface or InterfaceNamePrefix")
        }
    }

    private func nodePortAddresses() throws(CommandFailure) -> PolicyOptions.NodePortAddresses {
        let (isPrimary, _, prefixes) = try nodePortPlaces()
        return isPrimary ? .primary : .prefixes(prefixes.filter { !$0.isLoopback })
    }

    /// Loopback addresses where NodePorts are served.
    func localhostNodePortAddresses() throws(CommandFailure) -> [IPAddress] {
        let (_, isLocalhost, prefixes) = try nodePortPlaces()
        return IPFamily.allCases.map(IPAddress.loopback).filter { address in
            isLocalhost || prefixes.contains { $0.isLoopback && $0.contains(address) }
        }
    }

    /// What `--nodeport-addresses` says.
    private func nodePortPlaces() throws(CommandFailure) -> (isPrimary: Bool, isLocalhost: Bool, [IPPrefix]) {
        let items = nodeportAddresses.split(separator: ",").map { $0.filter { $0 != " " } }
        let (primary, localhost) = (items.count { $0 == "primary" }, items.count { $0 == "localhost" })
        let prefixes = try prefixes(
            items.filter { $0 != "primary" && $0 != "localhost" }.joined(separator: ","), "--nodeport-addresses")
        guard !items.isEmpty else { throw .usage("--nodeport-addresses is empty; give primary, localhost or CIDRs") }
        if primary > 1 || (primary > 0 && prefixes.contains { !$0.isLoopback }) {
            throw .usage(
                "--nodeport-addresses \(nodeportAddresses): primary cannot be combined with anything but localhost")
        }
        return (primary > 0, localhost > 0, prefixes)
    }

    func prefixes(_ text: String, _ flag: String) throws(CommandFailure) -> [IPPrefix] {
        var result: [IPPrefix] = []
        for item in text.split(separator: ",", omittingEmptySubsequences: true) {
            let trimmed = item.drop { $0 == " " }
            guard let prefix = IPPrefix(trimmed) else {
                throw .usage("\(flag): \"\(trimmed)\" is not a CIDR; write ADDRESS/LENGTH, as 10.244.0.0/16")
            }
            result.append(prefix)
        }
        return result
    }
}

extension IPPrefix {
    /// All its addresses are the loopback's.
    fileprivate var isLoopback: Bool { address.isLoopback && lastAddress.isLoopback }
}
