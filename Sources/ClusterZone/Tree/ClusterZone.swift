internal import DNSWire
internal import NetworkTypes

/// An immutable snapshot of everything this server is the authority for: the cluster's domain and the reverse zones.
public final class ClusterZone: Sendable {
    public let readiness: ZoneReadiness
    /// SOA's serial.
    public let serial: UInt32
    let frame: ZoneFrame
    let tables: ZoneTables
    /// Of `frame`, here so that answering does not touch it.
    let domain: ZoneFrame.Domain
    let ranges: ReverseRanges
    /// Keeps every block of `tables`.
    private let retirement: Retirement

    init(frame: ZoneFrame, tables: ZoneTables, readiness: ZoneReadiness, serial: UInt32, retirement: Retirement) {
        self.frame = frame
        self.tables = tables
        self.readiness = readiness
        self.serial = serial
        self.retirement = retirement
        domain = frame.domain
        ranges = frame.ranges
    }

    public var settings: ZoneSettings { frame.settings }
    /// Names that own records or have such names below them. Names of pods, which follow from a rule, are not counted.
    public var nameCount: Int { tables.names.count }
    /// Addresses with PTR records.
    public var pointerCount: Int { tables.pointers4.count + tables.pointers6.count }
}

/// The tables of one state.
struct ZoneTables: BitwiseCopyable, Sendable {
    var names: NameTable
    var pointers4: AddressTable
    var pointers6: AddressTable
    /// Namespaces of live pods by address: `--dns-pods verified`.
    var pods4: AddressTable
    var pods6: AddressTable

    init(_ writer: inout BlockWriter) {
        names = NameTable(&writer)
        pointers4 = AddressTable(&writer)
        pointers6 = AddressTable(&writer)
        pods4 = AddressTable(&writer)
        pods6 = AddressTable(&writer)
    }

    func pointers(_ family: IPFamily) -> AddressTable { family == .ipv4 ? pointers4 : pointers6 }
    func pods(_ family: IPFamily) -> AddressTable { family == .ipv4 ? pods4 : pods6 }

    func discardAll(_ writer: inout BlockWriter) {
        names.discardAll(&writer)
        for table in [pointers4, pointers6, pods4, pods6] { table.discardAll(&writer) }
    }
}
