internal import KubernetesModel
internal import NetworkTypes
internal import ObjectStore

/// The Services that have a health check port, what is answered there, and the sockets that follow from them and from the
/// addresses of NodePorts.
///
/// Cost follows the change: a Service costs its endpoints when it changes; only another set of addresses concerns all.
struct HealthCheckTable: Sendable {
    /// What to do to have the sockets that are wanted. What is closed comes first: a port may go from one Service to another.
    struct Step: Sendable, Equatable {
        var closed: [HealthCheckSocket] = []
        var opened: [HealthCheckSocket] = []
    }

    private let node: String
    /// Loopback addresses that serve NodePorts beside the table's.
    private let more: [IPAddress]
    private var addresses: [IPAddress]
    private var checks: [ObjectKey: HealthCheck] = [:]
    /// As of the last step.
    private var sockets: [ObjectKey: [HealthCheckSocket]] = [:]
    /// Services whose sockets may be others than at the last step.
    private var moved: Set<ObjectKey> = []

    /// - Parameters:
    ///   - node: the name of this one, as EndpointSlices have it.
    ///   - more: addresses that are served whatever `serve(at:)` says.
    init(node: String, and more: [IPAddress] = []) {
        self.node = node
        self.more = more
        addresses = more
    }

    /// Takes over what changed. O(dirty Services and their endpoints).
    ///
    /// - Returns: whether there is a step to take.
    mutating func update(snapshot: ClusterSnapshot, dirty: DirtyKeys) -> Bool {
        for key in dirty.services {
            let old = checks[key]
            let new = snapshot.services[key].flatMap {
                HealthCheck($0, slices: { snapshot.slices(ofService: key) }, node: node)
            }
            guard old != new else { continue }
            checks[key] = new
            if old?.port != new?.port || old?.localEndpoints.keys != new?.localEndpoints.keys { moved.insert(key) }
        }
        return !moved.isEmpty
    }

    /// NodePorts are served at these addresses now.
    ///
    /// - Returns: whether there is a step to take.
    mutating func serve(at addresses: [IPAddress]) -> Bool {
        let all = Set(addresses + more).sorted()
        if all != self.addresses {
            self.addresses = all
            moved.formUnion(checks.keys)
        }
        return !moved.isEmpty
    }

    /// From the sockets of the last step to those that are wanted; sorted.
    mutating func step() -> Step {
        var step = Step()
        for key in moved {
            let (held, wanted) = (sockets[key] ?? [], wantedSockets(of: key))
            step.closed += held.filter { !wanted.contains($0) }
            step.opened += wanted.filter { !held.contains($0) }
            sockets[key] = wanted.isEmpty ? nil : wanted
        }
        moved = []
        step.closed.sort { ($0.service, $0.address) < ($1.service, $1.address) }
        step.opened.sort { ($0.service, $0.address) < ($1.service, $1.address) }
        return step
    }

    /// The port of every Service that has one. O(those).
    var ports: [UInt16] { checks.values.map(\.port) }

    private func wantedSockets(of key: ObjectKey) -> [HealthCheckSocket] {
        guard let check = checks[key] else { return [] }
        return addresses.filter { check.localEndpoints[$0.family] != nil }
            .map { HealthCheckSocket(service: key, address: $0, port: check.port) }
    }

    /// What is answered there: how many endpoints of the address's family the Service has on this node.
    func localEndpoints(at socket: HealthCheckSocket) -> Int {
        checks[socket.service]?.localEndpoints[socket.address.family] ?? 0
    }
}
