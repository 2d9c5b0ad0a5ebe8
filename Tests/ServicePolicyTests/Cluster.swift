import KubernetesModel
import KubernetesModelTesting
import NetworkTypes
import ObjectStore
import ServicePolicy
import ServiceTable

/// A store and the policy behind it, as the daemon joins them, seen from `node-a`.
struct Cluster {
    var store = ObjectStore(expecting: [])
    var policy: ServicePolicy
    var hostAddresses: [IPAddress]

    init(
        _ options: PolicyOptions = .onNodeA, adopting order: AdoptedOrder = AdoptedOrder(),
        hostAddresses: [String] = ["192.0.2.10"]
    ) {
        policy = ServicePolicy(options: options, adoptedOrder: order)
        self.hostAddresses = hostAddresses.map { ip($0) }
    }

    @discardableResult
    mutating func apply(_ events: [StoreEvent]) -> ServiceTableChange {
        let dirty = store.apply(events)
        return policy.update(snapshot: store.snapshot, dirty: dirty, hostAddresses: hostAddresses)
    }

    @discardableResult
    mutating func set(_ objects: KubernetesObject...) -> ServiceTableChange { apply(objects.map(StoreEvent.set)) }

    @discardableResult
    mutating func delete(_ kind: ObjectKind, _ name: String) -> ServiceTableChange {
        let key = ObjectKey(namespace: kind.isNamespaced ? "default" : "", name: name)
        return apply([.delete(ObjectReference(kind: kind, key: key))])
    }

    func port(
        _ service: String, _ name: String = "", _ transport: TransportProtocol = .tcp, _ family: IPFamily = .ipv4
    ) -> ServicePort? {
        policy.table[portKey(service, name, transport, family)]
    }

    /// Keys of the table, as text, sorted.
    var ports: [String] { policy.table.values.map(\.key).sorted().map(\.description) }
    /// `loser wanted frontend: winner`, sorted.
    var conflicts: [String] {
        policy.conflicts.map { "\($0.key.servicePort.id.service) \($0.key.frontend): \($0.value.id.service)" }.sorted()
    }
}

func portKey(
    _ service: String, _ name: String = "", _ transport: TransportProtocol = .tcp, _ family: IPFamily = .ipv4
) -> ServicePortKey {
    ServicePortKey(
        id: ServicePortID(namespace: "default", service: service, portName: name, protocol: transport), family: family)
}

extension PolicyOptions {
    /// On `node-a`, with a cluster CIDR for both families.
    static var onNodeA: PolicyOptions {
        PolicyOptions(nodeName: "node-a", clusterCIDRs: [prefix("10.244.0.0/16"), prefix("fd44::/48")])
    }
}

extension ServicePort {
    func frontend(_ kind: Frontend.Kind) -> Frontend? { frontends.first { $0.kind == kind } }
    /// `10.96.0.1:80/tcp` of each frontend, in order.
    var frontendTexts: [String] { frontends.map { $0.key(in: key).description } }
    var cluster: [String] { clusterBackends.backends.map(\.text) }
    var local: [String] { localBackends.backends.map(\.text) }
}

extension Backend {
    /// The place, with `here` and `draining` where they hold.
    var text: String { description + (isLocal ? " here" : "") + (isDraining ? " draining" : "") }
}

extension Verdict {
    /// As the reference's table writes it: `ALL`, `LOC`, with `M` when masqueraded.
    var text: String {
        switch self {
        case .balance(let scope, let masquerade): (scope == .cluster ? "ALL" : "LOC") + (masquerade ? " M" : "")
        case .reject: "REJECT"
        case .drop: "DROP"
        }
    }
}

extension Service {
    /// A Service with a NodePort.
    static func nodePort(
        _ name: String, _ nodePort: PortNumber = 30080, clusterIP: String = "10.96.0.1", created: Int64? = nil,
        external: TrafficPolicy = .cluster, internal: TrafficPolicy = .cluster
    ) -> Service {
        .make(
            name, type: .nodePort, clusterIPs: [clusterIP], ports: [ServicePortSpec(port: 80, nodePort: nodePort)]
        ) {
            $0.spec.externalTrafficPolicy = external
            $0.spec.internalTrafficPolicy = `internal`
            $0.metadata.creationTimestamp = created.map { Timestamp(seconds: $0) }
        }
    }
}
