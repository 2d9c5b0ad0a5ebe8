internal import KubernetesModel
package import NetworkTypes
package import ServiceTable

/// What a service table alone says about a connection: a lookup, and no more than that.
package struct TableOracle {
    package let table: ServiceTable
    private let localAddresses: Set<IPAddress>

    package init(_ table: ServiceTable, localAddresses: [IPAddress] = World.hostAddresses) {
        self.table = table
        self.localAddresses = Set(localAddresses)
    }

    /// What may happen, and what the table remembers clients by: nil without affinity.
    package struct Answer: Sendable, Hashable {
        package var outcomes: Set<FlowOutcome>
        package var memory: String?
    }

    package func answer(_ flow: ConformanceFlow) -> Answer {
        guard let (port, frontend) = frontend(of: flow) else { return Answer(outcomes: [unclaimed(flow)], memory: nil) }
        if let allowed = frontend.allowedSources, !allowed.contains(where: { $0.contains(flow.source) }) {
            return Answer(outcomes: [.dropped], memory: nil)
        }
        switch verdict(frontend.verdicts, flow) {
        case .reject: return Answer(outcomes: [.rejected], memory: nil)
        case .drop: return Answer(outcomes: [.dropped], memory: nil)
        case .balance(let scope, let masquerade):
            let outcomes = port.backends(scope).backends.filter { $0.weight > 0 }.map { backend in
                let reachesItself = backend.isLocal && backend.address == flow.source
                return FlowOutcome.delivered(
                    to: backend.address, port: backend.port, masqueraded: masquerade || reachesItself)
            }
            return Answer(outcomes: Set(outcomes), memory: memory(port))
        }
    }

    private func frontend(of flow: ConformanceFlow) -> (ServicePort, Frontend)? {
        for port in table.values where port.key.family == flow.family && port.key.id.protocol == flow.transport {
            for frontend in port.frontends where frontend.port == flow.port && isFor(frontend, flow.to) {
                return (port, frontend)
            }
        }
        return nil
    }

    private func isFor(_ frontend: Frontend, _ address: IPAddress) -> Bool {
        switch frontend.destination {
        case .address(let own): own == address
        case .nodeAddresses: table.node.nodePortAddresses.contains(address)
        }
    }

    /// Nobody has this port: a ClusterIP refuses, the rest of the Service ranges swallows.
    private func unclaimed(_ flow: ConformanceFlow) -> FlowOutcome {
        let isClusterIP = table.values.contains { port in
            port.frontends.contains { $0.kind == .clusterIP && $0.destination == .address(flow.to) }
        }
        if isClusterIP { return .rejected }
        return table.node.serviceRanges.contains { $0.contains(flow.to) } ? .dropped : .untouched
    }

    private func verdict(_ verdicts: OriginVerdicts, _ flow: ConformanceFlow) -> Verdict {
        if isPod(flow) { return verdicts.pod }
        return localAddresses.contains(flow.source) ? verdicts.node : verdicts.outside
    }

    private func isPod(_ flow: ConformanceFlow) -> Bool {
        switch table.node.localDetector {
        case .none: false
        case .sourcePrefixes(let prefixes): prefixes.contains { $0.contains(flow.source) }
        case .interface(let name): flow.from.interface == name
        case .interfacePrefix(let prefix): flow.from.interface?.hasPrefix(prefix) ?? false
        }
    }

    private func memory(_ port: ServicePort) -> String? {
        port.affinity.map { affinity in
            switch affinity.scope {
            case .servicePort: port.key.description
            case .service: "\(port.key.id.namespace)/\(port.key.id.service) \(port.key.family)"
            }
        }
    }
}

extension ConformanceCase {
    /// Runs the case against service tables alone; what is wrong, a line each.
    package func tableViolations() -> [String] {
        var cluster = ConformanceCluster(options)
        var violations: [String] = []
        var memories: [String: String] = [:]
        for step in steps {
            cluster.apply(step.events)
            let oracle = TableOracle(cluster.table)
            for flow in step.flows {
                let answer = oracle.answer(flow)
                var lines = [flow.violation(answer.outcomes)].compactMap { $0 }
                if case .sticky(_, _, _, let memory) = flow.expected, lines.isEmpty {
                    // One memory of the case is one of the table, and no two are the same.
                    let known = memories[memory]
                    if answer.memory == nil || (known ?? answer.memory) != answer.memory
                        || memories.contains(where: { $0.key != memory && $0.value == answer.memory })
                    {
                        lines.append("\(flow): remembered as \(answer.memory ?? "nothing"), expected \(memory) (\(known ?? "new"))")
                    }
                    memories[memory] = answer.memory
                } else if answer.memory != nil, case .balanced = flow.expected {
                    lines.append("\(flow): is sticky (\(answer.memory ?? ""))")
                }
                violations += lines.map { "\(step.name): \($0)" }
            }
        }
        return violations
    }
}
