/// What the admin socket answers and `fairway get` prints: one struct a resource, its fields the
/// columns. The JSON is these structs; the table is `columns`.
protocol Row: Codable, Sendable {
    static var header: [String] { get }
    var columns: [String] { get }
}

struct RowList<Item: Row>: Codable, Sendable {
    var items: [Item]
}

struct ServiceRow: Row {
    var namespace: String
    var name: String
    var type: String
    var clusterIPs: [String]
    /// `80:30080/TCP`, as kubectl writes them.
    var ports: [String]
    /// Usable endpoints of the first port, in all families.
    var endpoints: Int

    static let header = ["NAMESPACE", "NAME", "TYPE", "CLUSTER-IP", "PORT(S)", "ENDPOINTS"]
    var columns: [String] {
        [namespace, name, type, Self.joined(clusterIPs), Self.joined(ports), String(endpoints)]
    }

    static func joined(_ items: [String]) -> String { items.isEmpty ? "<none>" : items.joined(separator: ",") }
}

struct EndpointRow: Row {
    var namespace: String
    var service: String
    var slice: String
    var port: String
    var address: String
    var ready: Bool
    var serving: Bool
    var terminating: Bool
    var node: String?
    var zone: String?
    var target: String?

    static let header = ["NAMESPACE", "SERVICE", "PORT", "ADDRESS", "READY", "SERVING", "TERMINATING", "NODE", "TARGET"]
    var columns: [String] {
        [
            namespace, service, port.isEmpty ? "<unnamed>" : port, address, String(ready), String(serving), String(terminating),
            node ?? "<none>", target ?? "<none>",
        ]
    }
}

struct BackendRow: Row {
    var namespace: String
    var service: String
    /// Name of the port; empty when unnamed.
    var port: String
    var `protocol`: String
    var family: String
    /// `cluster` or `local`.
    var scope: String
    var index: Int
    var backend: String
    var weight: Int
    var local: Bool
    var draining: Bool

    static let header = ["NAMESPACE", "SERVICE", "PORT", "PROTOCOL", "SCOPE", "INDEX", "BACKEND", "LOCAL", "DRAINING"]
    var columns: [String] {
        [
            namespace, service, port.isEmpty ? "<unnamed>" : port, `protocol`, scope, String(index), backend, String(local),
            String(draining),
        ]
    }
}

struct FrontendRow: Row {
    var namespace: String
    var service: String
    var port: String
    var kind: String
    var frontend: String
    /// What happens to packets from pods, from this node, from elsewhere.
    var fromPod: String
    var fromNode: String
    var fromOutside: String
    /// Sockets of this host that serve it; nil where packets to the frontend itself are taken.
    var listening: [String]?

    static let header = ["NAMESPACE", "SERVICE", "PORT", "KIND", "FRONTEND", "FROM-POD", "FROM-NODE", "FROM-OUTSIDE"]
    var columns: [String] {
        [namespace, service, port.isEmpty ? "<unnamed>" : port, kind, frontend, fromPod, fromNode, fromOutside]
    }
}

struct StatusDocument: Codable, Sendable {
    struct Family: Codable, Sendable {
        var family: String
        var ready: Bool
        var lastSync: String?
        var lastError: String?
    }
    /// A Service that asks for topology and whose endpoints have no hints, or none that count.
    struct WithoutHints: Codable, Sendable {
        var service: String
        var family: String
        var reason: String
    }
    struct Conflict: Codable, Sendable {
        var servicePort: String
        var frontend: String
        var heldBy: String
    }

    var version: String
    var node: String
    var proxyMode: String
    var processID: Int32
    var synced: Bool
    /// Kinds of objects that the source has not told of yet.
    var waitingFor: [String]
    var ready: Bool
    var families: [Family]
    var services: Int
    var servicePorts: Int
    var endpointSlices: Int
    var pods: Int
    var nodePortAddresses: [String]
    var localDetection: String
    var manifestFaults: [String]
    var skippedKinds: [String: Int]
    var conflicts: [Conflict]
    var withoutHints: [WithoutHints]
}
