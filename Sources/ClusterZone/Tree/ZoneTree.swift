internal import DNSWire
internal import NetworkTypes

/// The writer's side of the zone: a persistent table, changed step by step, whose snapshots share what did not change.
///
/// One owner writes. A snapshot is immutable and is read from any thread; memory that a change replaced goes with the
/// last snapshot that shows it.
public struct ZoneTree: ~Copyable, Sendable {
    /// The state after the last change. O(1).
    public private(set) var zone: ClusterZone
    private var tables: ZoneTables
    private var writer: BlockWriter
    /// Receives what the next change replaces.
    private var retirement: Retirement

    public init(settings: ZoneSettings, readiness: ZoneReadiness = .unsynced) {
        writer = BlockWriter()
        tables = ZoneTables(&writer)
        _ = writer.finish()
        retirement = Retirement()
        zone = ClusterZone(
            frame: ZoneFrame(settings), tables: tables, readiness: readiness, serial: 0, retirement: retirement)
    }

    deinit {
        var writer = writer
        tables.discardAll(&writer)
        retirement.blocks = writer.finish()
    }

    public var settings: ZoneSettings { zone.settings }

    /// Applies one step; costs what the step touches, not what the zone holds.
    public mutating func apply(_ change: ZoneChange) {
        for name in change.removed { tables.names.remove(name.lowercased, hash: NameHash.hash(of: name), &writer) }
        for source in change.nodes {
            let node = Node(source)
            tables.names.set(node, hash: node.hash, &writer)
        }
        for (address, names) in change.pointers {
            let list = names.isEmpty ? nil : NameList(names.map(\.wire))
            if address.family == .ipv4 {
                tables.pointers4.set(address.bits, list, &writer)
            } else {
                tables.pointers6.set(address.bits, list, &writer)
            }
        }
        for (address, namespaces) in change.podNamespaces {
            let list = namespaces.isEmpty ? nil : NameList(namespaces.map { Array($0.utf8) })
            if address.family == .ipv4 {
                tables.pods4.set(address.bits, list, &writer)
            } else {
                tables.pods6.set(address.bits, list, &writer)
            }
        }
        show(readiness: zone.readiness, serial: change.serial == 0 ? zone.serial : change.serial)
    }

    /// O(1).
    public mutating func setReadiness(_ readiness: ZoneReadiness) {
        show(readiness: readiness, serial: zone.serial)
    }

    private mutating func show(readiness: ZoneReadiness, serial: UInt32) {
        let next = Retirement()
        retirement.blocks = writer.finish()
        retirement.next = next
        retirement = next
        zone = ClusterZone(frame: zone.frame, tables: tables, readiness: readiness, serial: serial, retirement: next)
    }
}
