import DataplaneTesting
import Netlink
import NetworkTypes
import NftablesDataplane
import ServiceTable

/// A planner and the fake it plans for.
struct PlannedTable {
    var planner: NftablesPlanner
    var fake: FakeNftables

    /// A full plan over what the fake holds, applied in transactions of about this size.
    init(_ table: ServiceTable, family: IPFamily, over fake: FakeNftables? = nil, limitBytes: Int = .max) throws {
        let family = NftablesFamily(family)
        self.fake = fake ?? FakeNftables(family: family)
        let (plan, planner) = NftablesPlanner.fullPlan(family: family, kernel: self.fake.kernelTable, table: table)
        self.planner = planner
        try self.fake.apply(plan, limitBytes: limitBytes)
    }

    /// The incremental step, applied.
    mutating func apply(_ change: ServiceTableChange, limitBytes: Int = .max) throws {
        try fake.apply(planner.plan(change), limitBytes: limitBytes)
    }

    var tracer: PacketTracer {
        PacketTracer(fake, localAddresses: Set(RandomServiceTable.nodeAddresses + RandomServiceTable.otherNodeAddresses))
    }
}

/// Flows whose outcome is not what the table demands, one line each.
func violations(
    _ fake: FakeNftables, of table: ServiceTable, family: IPFamily, also frontends: Set<FrontendKey> = []
) throws -> [String] {
    let owners = table.owners(family)
    let tracer = PacketTracer(
        fake, localAddresses: Set(RandomServiceTable.nodeAddresses + RandomServiceTable.otherNodeAddresses))
    return try FrontendFlow.all(frontends.union(owners.keys)).compactMap { flow in
        let found = try tracer.outcomes(flow.packet)
        return flow.isMet(by: found, owners) ? nil : "\(flow): \(flow.expected(owners)) expected, found \(found)"
    }
}

/// What was found is what the table demands of each flow. Addresses that belong to Services alone come
/// first and go last, so that between transactions a frontend that is not there can be refused already,
/// or still.
func agree(
    _ found: [Set<TraceOutcome>], _ flows: [FrontendFlow], _ owners: [FrontendKey: ServicePort]
) -> Bool {
    zip(found, flows).allSatisfy { found, flow in
        flow.isMet(by: found, owners) || (flow.expected(owners) == [.untouched] && found == [.rejected])
    }
}

/// What a table means, whatever codes and ids it uses and whatever chains are left over: frontends
/// resolved to the chains, the sources and the endpoints they get, and the other sets as they are.
struct TableMeaning: Hashable {
    var frontends: [[UInt8]: [String]] = [:]
    /// By frontend: who may.
    var sources: [[UInt8]: Set<[UInt8]>] = [:]
    /// By map, frontend and index: the endpoint, where clients are remembered.
    var slots: [TableSet: [[UInt8]: [UInt8]]] = [:]
    /// By map and frontend: its endpoints.
    var endpoints: [TableSet: [[UInt8]: Set<[UInt8]>]] = [:]
    /// By map and frontend: the endpoints of its indexes, each as often as it has one; without indexes only.
    var places: [TableSet: [[UInt8]: [[UInt8]]]] = [:]
    var elements: [TableSet: Set<NftablesElement>] = [:]
    /// Codes that no frontend uses.
    var unusedCodes: Set<[UInt8]> = []

    private static let origins: [TableSet] = [
        .fromPod, .fromNode, .fromOutside, .masqueradeFromPod, .masqueradeFromNode, .masqueradeFromOutside,
    ]
    private static let affinityMaps = [false, true].flatMap { isNodePort in
        [BackendScope.cluster, .local].map { EndpointMaps(isNodePort: isNodePort, scope: $0) }
    }

    init(_ fake: FakeNftables) {
        readTreatments(fake)
        readSources(fake)
        for maps in Self.affinityMaps { readAffinity(fake, maps) }
        let read = Set(
            Self.origins + [.serviceAddresses, .nodePorts, .restrictedServices, .allowedSources]
                + Self.affinityMaps.flatMap { [$0.affinitySlots, $0.affinityEndpoints] })
        for set in TableSet.allCases where !read.contains(set) && !set.isLearned {
            elements[set] = Set(fake.elements(of: set))
        }
    }

    /// The same with the endpoints of each frontend as they are, and not by index.
    var withoutIndexes: TableMeaning {
        var result = self
        let maps = [false, true].flatMap { isNodePort in
            [BackendScope.cluster, .local].map { EndpointMaps(isNodePort: isNodePort, scope: $0) }
        }
        for map in maps {
            result.elements[map.endpoints] = nil
            result.slots[map.affinitySlots] = nil
            var places: [[UInt8]: [[UInt8]]] = [:]
            for element in elements[map.endpoints] ?? [] {
                places[Array(element.key.dropLast(4)), default: []].append(Self.value(element) ?? [])
            }
            for (key, place) in slots[map.affinitySlots] ?? [:] { places[Array(key.dropLast(4)), default: []].append(place) }
            result.places[map.endpoints] = places.mapValues { $0.sorted { $0.lexicographicallyPrecedes($1) } }
        }
        return result
    }

    private static func value(_ element: NftablesElement) -> [UInt8]? {
        guard case .value(let bytes)? = element.data else { return nil }
        return bytes
    }

    private mutating func readTreatments(_ fake: FakeNftables) {
        var meanings: [[UInt8]: [String]] = [:]
        for set in Self.origins {
            for element in fake.elements(of: set) {
                var text = set.rawValue
                if case .verdict(let verdict)? = element.data { text += " \(verdict)" }
                meanings[element.key, default: []].append(text)
            }
        }
        unusedCodes = Set(meanings.keys)
        for set in [TableSet.serviceAddresses, .nodePorts] {
            for element in fake.elements(of: set) {
                guard let code = Self.value(element) else { continue }
                frontends[element.key] = meanings[code] ?? ["an unknown code"]
                unusedCodes.remove(code)
            }
        }
    }

    private mutating func readSources(_ fake: FakeNftables) {
        var ranges: [[UInt8]: Set<[UInt8]>] = [:]
        for element in fake.elements(of: .allowedSources) {
            // The code is in network order here.
            let code = Array(element.key.prefix(4).reversed())
            ranges[code, default: []].insert(Array(element.key.dropFirst(4) + (element.keyEnd ?? []).dropFirst(4)))
        }
        var unused = Set(ranges.keys)
        for element in fake.elements(of: .restrictedServices) {
            guard let code = Self.value(element) else { continue }
            sources[element.key] = ranges[code] ?? []
            unused.remove(code)
        }
        unusedCodes.formUnion(unused)
    }

    private mutating func readAffinity(_ fake: FakeNftables, _ maps: EndpointMaps) {
        var byID: [[UInt8]: [UInt8]] = [:]
        for element in fake.elements(of: maps.affinityEndpoints) {
            guard let place = Self.value(element) else { continue }
            byID[element.key] = place
            endpoints[maps.affinityEndpoints, default: [:]][Array(element.key.dropLast(4)), default: []].insert(place)
        }
        for element in fake.elements(of: maps.affinitySlots) {
            guard let id = Self.value(element) else { continue }
            slots[maps.affinitySlots, default: [:]][element.key] = byID[element.key.dropLast(4) + id] ?? []
        }
    }
}
