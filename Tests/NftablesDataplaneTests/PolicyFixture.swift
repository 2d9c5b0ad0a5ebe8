import DataplaneTesting
import Netlink
import NetworkTypes
import ServiceTable

/// A Service with a ClusterIP, a NodePort and a load-balancer address in one family, and the senders
/// that reach it. The verdicts are those the policies demand (KEP-2086, KEP-1669).
struct PolicyFixture {
    enum Policy: String, Sendable { case standard = "default", externalLocal, internalLocal, bothLocal }
    enum Sender: String, Sendable, CaseIterable { case pod, node, outside }
    enum Target: String, Sendable, CaseIterable { case clusterIP, nodePort, loadBalancer }

    let family: IPFamily
    var transport = TransportProtocol.tcp
    var policy = Policy.standard
    var hasDetector = true
    var masqueradesAll = false
    var remote = ["1", "2"]
    var local = ["3"]

    private var isV4: Bool { family == .ipv4 }
    var nodeAddress: String { isV4 ? "192.168.0.1" : "fd00:192::1" }
    /// An address of the node that serves no NodePorts.
    var otherNodeAddress: String { isV4 ? "192.168.9.1" : "fd00:192:9::1" }
    private var podNetwork: String { isV4 ? "10.244.0." : "fd00:244::" }
    var podPrefix: String { isV4 ? "10.244.0.0/16" : "fd00:244::/64" }

    func endpoint(_ number: String) -> String {
        let host = podNetwork + number
        return isV4 ? "\(host):8080" : "[\(host)]:8080"
    }

    private func balance(_ scope: BackendScope, _ masquerade: Bool, else refusal: Verdict) -> Verdict {
        let isEmpty = scope == .local ? local.isEmpty : local.isEmpty && remote.isEmpty
        return isEmpty ? refusal : .balance(scope, masquerade: masquerade)
    }

    private var isInternalLocal: Bool { policy == .internalLocal || policy == .bothLocal }
    private var isExternalLocal: Bool { policy == .externalLocal || policy == .bothLocal }
    private var hasNone: Bool { local.isEmpty && remote.isEmpty }

    private var clusterIPVerdicts: OriginVerdicts {
        let refusal: Verdict = hasNone ? .reject : .drop
        let scope: BackendScope = isInternalLocal ? .local : .cluster
        let others = hasDetector || masqueradesAll
        return OriginVerdicts(
            pod: balance(scope, masqueradesAll, else: refusal), node: balance(scope, others, else: refusal),
            outside: balance(scope, others, else: refusal))
    }

    var externalVerdicts: OriginVerdicts {
        guard isExternalLocal else { return OriginVerdicts(all: balance(.cluster, true, else: .reject)) }
        return OriginVerdicts(
            pod: balance(.cluster, false, else: .reject), node: balance(.cluster, true, else: .reject),
            outside: balance(.local, false, else: hasNone ? .reject : .drop))
    }

    var servicePort: ServicePort {
        let localBackends = local.map { Backend.at(endpoint($0), isLocal: true) }
        return .named(
            "web", transport, family: family, cluster: remote.map { .at(endpoint($0)) } + localBackends,
            local: localBackends,
            frontends: [
                .clusterIP(address(.clusterIP), 80, clusterIPVerdicts), .nodePort(30080, externalVerdicts),
                .loadBalancerIP(address(.loadBalancer), 80, externalVerdicts),
            ])
    }

    var node: NodeTable {
        NodeTable(
            localDetector: hasDetector ? .sourcePrefixes([IPPrefix(podPrefix)].compactMap { $0 }) : .none,
            nodePortAddresses: [.text(nodeAddress)])
    }

    func address(_ target: Target) -> String {
        switch target {
        case .clusterIP: isV4 ? "10.96.0.10" : "fd00:96::10"
        case .nodePort: nodeAddress
        case .loadBalancer: isV4 ? "203.0.113.5" : "fd00:203::5"
        }
    }

    func source(_ sender: Sender) -> String {
        switch sender {
        case .pod: podNetwork + "99"
        case .node: nodeAddress
        case .outside: isV4 ? "198.51.100.7" : "fd00:198::7"
        }
    }

    func packet(_ sender: Sender, _ target: Target) -> TracedPacket {
        packet(from: source(sender), sender, target)
    }

    func packet(from source: String, _ sender: Sender, _ target: Target) -> TracedPacket {
        TracedPacket(
            from: .text(source), to: .text(address(target)), target == .nodePort ? 30080 : 80, transport,
            on: sender == .node ? nil : sender == .pod ? "veth1" : "eth0")
    }

    /// The tracer over the rules made for this Service.
    func tracer() throws -> PacketTracer {
        let planned = try PlannedTable(.of([servicePort], node: node), family: family)
        return PacketTracer(planned.fake, localAddresses: [.text(nodeAddress), .text(otherNodeAddress)])
    }

    /// `ALL M`, `LOC`, `rejected`...: an expectation of the tables as outcomes.
    func outcomes(_ text: String) -> Set<TraceOutcome> {
        let masquerade = text.hasSuffix(" M")
        let numbers: [String]
        switch text.prefix(3) {
        case "ALL": numbers = remote + local
        case "LOC": numbers = local
        default: return [text == "rejected" ? .rejected : text == "dropped" ? .dropped : .untouched]
        }
        return Set(
            numbers.map { number in
                let backend = Backend.at(endpoint(number))
                return .delivered(to: backend.address, backend.port, masqueraded: masquerade)
            })
    }
}
