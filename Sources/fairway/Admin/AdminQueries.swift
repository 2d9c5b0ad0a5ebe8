internal import KubernetesModel
internal import NetworkTypes
internal import ObjectStore
internal import ServiceTable

/// Reads rows out of what the engine holds. O(what is listed).
struct AdminQueries {
    let view: Engine.View
    /// Only this namespace; nil: all.
    var namespace: String?

    private func isWanted(_ candidate: String) -> Bool { namespace.map { $0 == candidate } ?? true }

    private var services: [Service] {
        view.snapshot.services.values.filter { isWanted($0.metadata.namespace) }.sorted {
            $0.metadata.key < $1.metadata.key
        }
    }

    private var servicePorts: [ServicePort] {
        view.table.values.filter { isWanted($0.key.id.namespace) }.sorted { $0.key < $1.key }
    }

    func serviceRows() -> [ServiceRow] {
        services.map { service in
            let clusterIPs = service.spec.isHeadless ? ["None"] : service.spec.clusterAddresses.map(\.description)
            let usable = service.spec.ports.first.map { port in
                IPFamily.allCases.reduce(0) { sum, family in
                    let id = ServicePortID(
                        namespace: service.metadata.namespace, service: service.metadata.name, portName: port.name,
                        protocol: port.protocol)
                    return sum + (view.table[ServicePortKey(id: id, family: family)]?.clusterBackends.count ?? 0)
                }
            }
            return ServiceRow(
                namespace: service.metadata.namespace, name: service.metadata.name, type: service.spec.type.rawValue,
                clusterIPs: clusterIPs,
                ports: service.spec.ports.map { port in
                    "\(port.port)\(port.nodePort.map { ":\($0)" } ?? "")/\(port.protocol.kubernetesName)"
                },
                endpoints: usable ?? 0)
        }
    }

    /// Of Services that are known: slices outlive their Service until their owner removes them, and others name one that is
    /// another proxy's.
    func endpointRows() -> [EndpointRow] {
        let slices = view.snapshot.endpointSlices.values.filter { slice in
            isWanted(slice.metadata.namespace) && slice.serviceKey.map { view.snapshot.services[$0] != nil } == true
        }.sorted {
            ($0.serviceKey ?? $0.metadata.key, $0.metadata.name) < ($1.serviceKey ?? $1.metadata.key, $1.metadata.name)
        }
        return slices.flatMap { slice in
            slice.endpoints.flatMap { endpoint in
                let ports = slice.ports.isEmpty ? [nil] : slice.ports.map(Optional.some)
                return ports.map { port in row(slice, endpoint, port) }
            }
        }
    }

    private func row(_ slice: EndpointSlice, _ endpoint: Endpoint, _ port: EndpointPort?) -> EndpointRow {
        let address = endpoint.firstAddress
        let text: String
        if let address, let number = port?.port {
            text = Backend(address: address, port: number).description
        } else {
            text = address?.description ?? ""
        }
        return EndpointRow(
            namespace: slice.metadata.namespace, service: slice.serviceKey?.name ?? "", slice: slice.metadata.name,
            port: port?.name ?? "", address: text, ready: endpoint.isReady, serving: endpoint.isServing,
            terminating: endpoint.isTerminating, node: endpoint.nodeName, zone: endpoint.zone,
            target: endpoint.targetRef.map { "\($0.kind)/\($0.name)" })
    }

    func backendRows() -> [BackendRow] {
        servicePorts.flatMap { port in
            [BackendScope.cluster, .local].flatMap { scope in
                port.backends(scope).backends.enumerated().map { index, backend in
                    BackendRow(
                        namespace: port.key.id.namespace, service: port.key.id.service, port: port.key.id.portName,
                        protocol: port.key.id.protocol.kubernetesName, family: port.key.family.description,
                        scope: scope == .cluster ? "cluster" : "local", index: index, backend: backend.description,
                        weight: Int(backend.weight), local: backend.isLocal, draining: backend.isDraining)
                }
            }
        }
    }

    /// - Parameter listening: where a frontend is bound; nil where packets are redirected or translated.
    func frontendRows(listening: (FrontendKey) -> [String]?) -> [FrontendRow] {
        servicePorts.flatMap { port in
            port.frontends.map { frontend in
                FrontendRow(
                    namespace: port.key.id.namespace, service: port.key.id.service, port: port.key.id.portName,
                    kind: frontend.kind.rawValue, frontend: frontend.key(in: port.key).description,
                    fromPod: frontend.verdicts.pod.text, fromNode: frontend.verdicts.node.text,
                    fromOutside: frontend.verdicts.outside.text, listening: listening(frontend.key(in: port.key)))
            }
        }
    }
}

extension Verdict {
    /// `cluster`, `local+masquerade`, `reject`, `drop`.
    var text: String {
        switch self {
        case .balance(let scope, let masquerade):
            (scope == .cluster ? "cluster" : "local") + (masquerade ? "+masquerade" : "")
        case .reject: "reject"
        case .drop: "drop"
        }
    }
}

extension LocalDetector {
    /// How pods are told, for people.
    var text: String {
        switch self {
        case .none: "none"
        case .sourcePrefixes(let prefixes): "source in " + prefixes.map(\.description).joined(separator: ",")
        case .interface(let name): "interface \(name)"
        case .interfacePrefix(let prefix): "interface \(prefix)*"
        }
    }
}
