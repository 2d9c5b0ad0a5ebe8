public import NetworkTypes

/// A record as a value (RFC 1035 section 3.2.1).
public struct ResourceRecord: Sendable, Hashable {
    public var name: DomainName
    public var recordClass: RecordClass
    /// Seconds.
    public var timeToLive: UInt32
    public var data: RecordData

    public init(name: DomainName, recordClass: RecordClass = .internet, timeToLive: UInt32, data: RecordData) {
        self.name = name
        self.recordClass = recordClass
        self.timeToLive = timeToLive
        self.data = data
    }

    public var type: RecordType { data.type }
}

/// RDATA with its type.
public enum RecordData: Sendable, Hashable {
    /// An IPv4 address is A, an IPv6 address AAAA (RFC 3596).
    case address(IPAddress)
    case ns(DomainName)
    case cname(DomainName)
    case ptr(DomainName)
    case soa(StartOfAuthority)
    case srv(ServiceLocation)
    /// Each at most 255 bytes; at least one.
    case txt([[UInt8]])
    case hinfo(cpu: [UInt8], os: [UInt8])
    /// Anything else, as it travels, but with every name inside written out in full (RFC 3597 section 4).
    case opaque(RecordType, [UInt8])

    public var type: RecordType {
        switch self {
        case .address(let address): address.family == .ipv4 ? .a : .aaaa
        case .ns: .ns
        case .cname: .cname
        case .ptr: .ptr
        case .soa: .soa
        case .srv: .srv
        case .txt: .txt
        case .hinfo: .hinfo
        case .opaque(let type, _): type
        }
    }
}

/// SOA (RFC 1035 section 3.3.13); times in seconds.
public struct StartOfAuthority: Sendable, Hashable {
    public var primaryServer: DomainName
    public var mailbox: DomainName
    public var serial: UInt32
    public var refresh: UInt32
    public var retry: UInt32
    public var expire: UInt32
    /// How long a negative answer may be kept (RFC 2308 section 4).
    public var minimum: UInt32

    public init(
        primaryServer: DomainName, mailbox: DomainName, serial: UInt32, refresh: UInt32, retry: UInt32, expire: UInt32,
        minimum: UInt32
    ) {
        self.primaryServer = primaryServer
        self.mailbox = mailbox
        self.serial = serial
        self.refresh = refresh
        self.retry = retry
        self.expire = expire
        self.minimum = minimum
    }
}

/// SRV (RFC 2782).
public struct ServiceLocation: Sendable, Hashable {
    public var priority: UInt16
    public var weight: UInt16
    public var port: UInt16
    public var target: DomainName

    public init(priority: UInt16, weight: UInt16, port: UInt16, target: DomainName) {
        self.priority = priority
        self.weight = weight
        self.port = port
        self.target = target
    }
}
