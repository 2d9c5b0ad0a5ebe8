public import DNSWire
public import NetworkTypes

/// One name of the forward zone with everything it owns.
public struct ZoneNode: Sendable, Hashable {
    /// In lower case, absolute, within the cluster's domain.
    public var name: DomainName
    /// At most one set of a type, in ascending order of type numbers. Empty: the name exists and owns nothing (an
    /// empty non-terminal). A name with CNAME owns nothing else.
    public var sets: [RecordSet]

    public init(name: DomainName, sets: [RecordSet] = []) {
        self.name = name
        self.sets = sets
    }
}

/// Records of one name and type.
public enum RecordSet: Sendable, Hashable {
    /// IPv4, distinct, in a stable order: answers rotate it.
    case a([IPAddress])
    /// IPv6.
    case aaaa([IPAddress])
    /// Distinct by (port, target), in a stable order.
    case srv([ServiceLocation], glue: [Glue])
    case txt([[UInt8]], timeToLive: UInt32)
    case cname(DomainName)
    case ns([DomainName], glue: [Glue])

    /// Addresses of a name that a record points at, for Additional.
    public struct Glue: Sendable, Hashable {
        public var name: DomainName
        public var addresses: [IPAddress]

        public init(name: DomainName, addresses: [IPAddress]) {
            self.name = name
            self.addresses = addresses
        }
    }

    public var type: RecordType {
        switch self {
        case .a: .a
        case .aaaa: .aaaa
        case .srv: .srv
        case .txt: .txt
        case .cname: .cname
        case .ns: .ns
        }
    }
}

/// What one step changes in the zone. Printable, so that an operator can ask for it.
public struct ZoneChange: Sendable, Hashable {
    /// Names that appear or own something else than before. The apex, `svc`, `pod` and so on are among them.
    public var nodes: [ZoneNode]
    /// Names that are gone.
    public var removed: [DomainName]
    /// PTR: every name of an address, sorted; none: the address has no name any more.
    public var pointers: [IPAddress: [DomainName]]
    /// `--dns-pods verified`: the namespaces that have a live pod with this address; none: no pod any more.
    public var podNamespaces: [IPAddress: [String]]
    /// SOA's serial: seconds since 1970 of the last change.
    public var serial: UInt32

    public init(
        nodes: [ZoneNode] = [], removed: [DomainName] = [], pointers: [IPAddress: [DomainName]] = [:],
        podNamespaces: [IPAddress: [String]] = [:], serial: UInt32 = 0
    ) {
        self.nodes = nodes
        self.removed = removed
        self.pointers = pointers
        self.podNamespaces = podNamespaces
        self.serial = serial
    }

    public var isEmpty: Bool { nodes.isEmpty && removed.isEmpty && pointers.isEmpty && podNamespaces.isEmpty }
}
