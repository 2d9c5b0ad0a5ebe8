public import HashTreeCollections
public import NetworkTypes

/// How a packet from a pod of this cluster is told from others (kube-proxy's detectLocalMode).
public enum LocalDetector: Sendable, Hashable {
    /// Nothing is known to be a pod.
    case none
    /// The source address is in one of these prefixes.
    case sourcePrefixes([IPPrefix])
    /// Arrived on this interface (a bridge).
    case interface(String)
    /// Arrived on an interface whose name begins so.
    case interfacePrefix(String)
}

extension LocalDetector {
    /// Whether pods of this family can be told at all: prefixes of the other one tell nothing
    /// (reference 1.6: each family by itself).
    public func tellsPods(of family: IPFamily) -> Bool {
        switch self {
        case .none: false
        case .sourcePrefixes(let prefixes): prefixes.contains { $0.family == family }
        case .interface, .interfacePrefix: true
        }
    }
}

/// What dataplanes must know of the node itself.
public struct NodeTable: Sendable, Hashable {
    public var localDetector: LocalDetector
    /// Addresses that serve NodePorts; sorted, both families.
    public var nodePortAddresses: [IPAddress]
    /// The cluster's Service ranges.
    public var serviceRanges: [IPPrefix]

    public init(
        localDetector: LocalDetector = .none, nodePortAddresses: [IPAddress] = [], serviceRanges: [IPPrefix] = []
    ) {
        self.localDetector = localDetector
        self.nodePortAddresses = nodePortAddresses
        self.serviceRanges = serviceRanges
    }
}

/// What this node must do for every Service, decided: values only, no Kubernetes object.
///
/// A persistent value: a copy is O(1), and a changed service port costs O(log n).
public struct ServiceTable: Sendable, Hashable {
    public var servicePorts: TreeDictionary<ServicePortKey, ServicePort>
    public var node: NodeTable

    public init(servicePorts: TreeDictionary<ServicePortKey, ServicePort> = [:], node: NodeTable = NodeTable()) {
        self.servicePorts = servicePorts
        self.node = node
    }

    /// O(log n). Assigning nil removes.
    public subscript(key: ServicePortKey) -> ServicePort? {
        get { servicePorts[key] }
        set { servicePorts[key] = newValue }
    }

    /// Number of service ports, each family counted.
    public var count: Int { servicePorts.count }
    /// In no particular order.
    public var values: some Sequence<ServicePort> { servicePorts.values }
}

/// A step from one table to the next.
public struct ServiceTableChange: Sendable {
    public let old: ServiceTable
    public let new: ServiceTable
    /// Every service port that differs, and possibly some that do not; none twice.
    public let changed: [ServicePortKey]

    public init(old: ServiceTable, new: ServiceTable, changed: [ServicePortKey]) {
        self.old = old
        self.new = new
        self.changed = changed
    }

    public var nodeChanged: Bool { old.node != new.node }
    public var isEmpty: Bool { changed.isEmpty && !nodeChanged }

    /// This step and the one that follows it, as one.
    public func followed(by next: ServiceTableChange) -> ServiceTableChange {
        var seen = Set(changed)
        return ServiceTableChange(
            old: old, new: next.new, changed: changed + next.changed.filter { seen.insert($0).inserted })
    }
}

extension ServiceTable {
    /// The full difference, found by walking both tables: O(n). For a full sync and for tests; on the
    /// way of an event ServicePolicy names the changed keys itself.
    ///
    /// - Parameter family: only service ports of this family; nil: of both.
    public func changes(from old: ServiceTable, family: IPFamily? = nil) -> ServiceTableChange {
        var changed: [ServicePortKey] = []
        for (key, value) in servicePorts
        where family.map({ $0 == key.family }) ?? true && old.servicePorts[key] != value {
            changed.append(key)
        }
        for key in old.servicePorts.keys
        where family.map({ $0 == key.family }) ?? true && servicePorts[key] == nil {
            changed.append(key)
        }
        return ServiceTableChange(old: old, new: self, changed: changed.inReadableOrder())
    }

    /// Takes over from `change.new` what the change names. O(changed).
    public mutating func apply(_ change: ServiceTableChange) {
        for key in change.changed { servicePorts[key] = change.new.servicePorts[key] }
        node = change.new.node
    }
}

extension Collection where Element == ServicePortKey {
    /// Sorted, as far as somebody may read it: sorting the 13 000 service ports of 10 000 Services twice
    /// was a twentieth of a first sync. The order means nothing.
    public func inReadableOrder() -> [ServicePortKey] { count <= 1024 ? sorted() : Array(self) }
}
