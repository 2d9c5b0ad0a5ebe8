import ConformanceTesting
import NetworkTypes
import ServiceTable

/// Tables that no Service of today leads to: each origin in turn is refused, or masqueraded, alone. A
/// dataplane must carry them all the same: it decides nothing.
enum OriginTables {
    static func all(_ family: IPFamily) -> [(ServiceTable, [ConformanceFlow])] {
        let plain = Verdict.balance(.cluster, masquerade: false)
        let masqueraded = Verdict.balance(.cluster, masquerade: true)
        let pairs = [(Verdict.reject, plain), (.drop, masqueraded), (plain, masqueraded), (masqueraded, plain)]
        return detectors.flatMap { detector in
            pairs.flatMap { own, other in
                (0..<3).map { origin in
                    let verdicts = (0..<3).map { $0 == origin ? own : other }
                    return make(
                        family, detector, OriginVerdicts(pod: verdicts[0], node: verdicts[1], outside: verdicts[2]))
                }
            }
        }
    }

    /// Every way to tell pods; all of them know pod a0.
    static let detectors: [LocalDetector] = [
        .sourcePrefixes(World.clusterCIDRs), .interface("pod-a0"), .interfacePrefix("pod-"),
    ]

    private static func make(
        _ family: IPFamily, _ detector: LocalDetector, _ verdicts: OriginVerdicts
    ) -> (ServiceTable, [ConformanceFlow]) {
        let web = WebService(family, .tcp)
        let key = ServicePortKey(
            id: ServicePortID(namespace: "default", service: "web", portName: "", protocol: .tcp), family: family)
        let backends = BackendSet([
            Backend(address: World.pod("a1", family), port: World.targetPort, isLocal: true),
            Backend(address: World.pod("b1", family), port: World.targetPort),
        ])
        let port = ServicePort(
            key: key, clusterBackends: backends,
            frontends: [
                Frontend(
                    kind: .loadBalancerIP, destination: .address(web.loadBalancerIP), port: World.servicePort,
                    verdicts: verdicts),
                Frontend(kind: .nodePort, destination: .nodeAddresses, port: web.nodePort, verdicts: verdicts),
            ])
        let node = NodeTable(
            localDetector: detector, nodePortAddresses: [World.nodeAddress(family)])
        let flows = [(Sender.pod, verdicts.pod), (.node, verdicts.node), (.client, verdicts.outside)].flatMap { sender, verdict in
            web.flows(from: [sender], [.loadBalancerIP, .nodePort], expectation(verdict))
        }
        var table = ServiceTable(node: node)
        table[key] = port
        return (table, flows)
    }

    private static func expectation(_ verdict: Verdict) -> Expectation {
        switch verdict {
        case .balance(_, let masquerade): .balanced(to: ["a1", "b1"], masqueraded: masquerade)
        case .reject: .rejected
        case .drop: .dropped
        }
    }
}
