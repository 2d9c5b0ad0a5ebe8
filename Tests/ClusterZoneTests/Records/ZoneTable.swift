import ClusterZone
import DNSWire
import KubernetesModel
import NetworkTypes
import ObjectStore
import Testing

/// A zone as plain dictionaries: what changes, applied in order, amount to.
struct ZoneTable: Equatable {
    var nodes: [DomainName: [RecordSet]] = [:]
    var pointers: [IPAddress: [DomainName]] = [:]
    var podNamespaces: [IPAddress: [String]] = [:]

    /// Applies a change and expects that every entry of it changes something.
    mutating func apply(_ change: ZoneChange, _ comment: Comment = "", isWhole: Bool = true) {
        for name in change.removed {
            #expect(nodes.removeValue(forKey: name) != nil, "\(comment): \(name) was not there")
        }
        for node in change.nodes {
            #expect(nodes[node.name] != node.sets, "\(comment): \(node.name) was so before")
            nodes[node.name] = node.sets
        }
        for (address, names) in change.pointers {
            if isWhole {
                let wasSo = (pointers[address] ?? []).map(\.wire) == names.map(\.wire)
                #expect(!wasSo, "\(comment): \(address) was so before")
            }
            pointers[address] = names.isEmpty ? nil : names
        }
        for (address, names) in change.podNamespaces {
            #expect((podNamespaces[address] ?? []) != names, "\(comment): \(address) was so before")
            podNamespaces[address] = names.isEmpty ? nil : names
        }
        let changed = change.nodes.map(\.name) + change.removed
        #expect(Set(changed).count == changed.count, "\(comment): a name twice")
    }

    /// One line a record, names without the domain: `web.default.svc A 10.96.0.1`; `-` where a name owns nothing.
    func lines(in domain: DomainName = cluster) -> [String] {
        var result: [String] = []
        for (name, sets) in nodes {
            let owner = Self.relative(name, domain)
            if sets.isEmpty { result.append("\(owner) -") }
            for set in sets { result += Self.data(set, domain).map { "\(owner) \(set.type) \($0)" } }
        }
        for (address, names) in pointers {
            result.append("\(address) PTR " + names.map { Self.relative($0, domain) }.joined(separator: " "))
        }
        for (address, names) in podNamespaces { result.append("\(address) pods " + names.joined(separator: " ")) }
        return result.sorted()
    }

    private static func data(_ set: RecordSet, _ domain: DomainName) -> [String] {
        switch set {
        case .a(let addresses), .aaaa(let addresses): addresses.map(\.description)
        case .cname(let target): [target.description]
        case .txt(let texts, let timeToLive):
            texts.map { "\(timeToLive) \"\(String(decoding: $0, as: UTF8.self))\"" }
        case .ns(let names, let glue): names.map { relative($0, domain) + self.glue(glue, for: $0) }
        case .srv(let locations, let glue):
            locations.map {
                "\($0.priority) \($0.weight) \($0.port) \(relative($0.target, domain))" + self.glue(glue, for: $0.target)
            }
        }
    }

    private static func glue(_ glue: [RecordSet.Glue], for name: DomainName) -> String {
        glue.filter { $0.name == name }.map { " (" + $0.addresses.map(\.description).joined(separator: " ") + ")" }
            .joined()
    }

    private static func relative(_ name: DomainName, _ domain: DomainName) -> String {
        name == domain ? "@" : String(name.description.dropLast(domain.description.utf8.count + 1))
    }
}

let cluster: DomainName = {
    guard let name = DomainName("cluster.local") else { preconditionFailure("no name") }
    return name
}()

func settings(_ configure: (inout ZoneSettings) -> Void = { _ in }) -> ZoneSettings {
    var settings = ZoneSettings(domain: cluster)
    configure(&settings)
    return settings
}

/// A store and a builder behind it.
struct ZoneUnderTest {
    var store = ObjectStore()
    var builder: ZoneBuilder
    var table = ZoneTable()
    private var now: UInt32 = 1_000

    init(_ settings: ZoneSettings = settings()) { builder = ZoneBuilder(settings: settings) }

    init(_ settings: ZoneSettings = settings(), objects: [KubernetesObject]) {
        self.init(settings)
        apply(objects.map(StoreEvent.set))
    }

    @discardableResult
    mutating func apply(_ events: [StoreEvent], _ comment: Comment = "") -> ZoneChange {
        now += 1
        let dirty = store.apply(events)
        let change = builder.update(snapshot: store.snapshot, dirty: dirty, now: now)
        table.apply(change, comment)
        return change
    }

    /// Without the names every zone has.
    var lines: [String] {
        let fixed = Set(ZoneUnderTest.fixedLines)
        return table.lines().filter { !fixed.contains($0) }
    }

    static let fixedLines = ["@ -", "dns -", "dns-version TXT 28800 \"1.1.0\"", "ns.dns -", "pod -", "svc -"]
    static let namespaceLines = ["default.pod -", "default.svc -"]
}
