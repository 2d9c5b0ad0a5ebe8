import BPF
import CBPFMaps
import NetworkTypes

/// A service port as the packet programs find it in their maps.
struct StagedService {
    var id: UInt32 = 7
    var frontend: Endpoint
    var transport: UInt8
    var backends: [StagedBackend]
    /// For pods, the node, anybody else.
    var verdicts = [balanced, balanced, balanced]
    /// Who may come; nobody else when it is not empty.
    var allowed: [IPPrefix] = []
    var isNodePort = false
    var affinitySeconds: UInt32 = 0

    static let balanced = UInt8(FW_BALANCE_CLUSTER.rawValue)
    static let masqueraded = balanced | UInt8(FW_MASQUERADE)

    /// Addresses of a family: a ClusterIP at port 80 before one backend at 8080.
    static func sample(_ family: IPFamily, _ transport: UInt8, isMasqueraded: Bool = false) -> StagedService {
        let verdict = isMasqueraded ? masqueraded : balanced
        return StagedService(
            frontend: Endpoint(family == .ipv4 ? "10.96.0.10" : "fd00:96::a", 80), transport: transport,
            backends: [.sample(family)], verdicts: [verdict, verdict, verdict])
    }
}

struct StagedBackend {
    var id: UInt32
    var endpoint: Endpoint
    var flags: UInt32 = 0

    static func sample(_ family: IPFamily, _ index: UInt8 = 0) -> StagedBackend {
        let address = family == .ipv4 ? "10.244.3.\(7 + index)" : "fd00:244:3::\(7 + index)"
        return StagedBackend(id: 70 + UInt32(index), endpoint: Endpoint(address, 8080))
    }
}

/// Where the samples' clients are.
enum StagedClient {
    static func outside(_ family: IPFamily, port: UInt16 = 51_234) -> Endpoint {
        Endpoint(family == .ipv4 ? "198.51.100.23" : "2001:db8:c::23", port)
    }

    static func pod(_ family: IPFamily, port: UInt16 = 51_234) -> Endpoint {
        Endpoint(family == .ipv4 ? "10.244.1.5" : "fd00:244:1::5", port)
    }
}

extension PacketStage {
    borrowing func add(_ service: StagedService) throws {
        for backend in service.backends { try add(backend, of: service.id) }
        try set(service, slots: service.backends.map(\.id))
        for (index, prefix) in service.allowed.enumerated() {
            try sources.update(fw_source_key(service.id, prefix), UInt8(truncatingIfNeeded: index))
        }
        try addFrontend(of: service)
    }

    borrowing func add(_ backend: StagedBackend, of service: UInt32) throws {
        try addBackend(backend.endpoint, service: service, id: backend.id)
        guard backend.flags != 0, var value = try backends.lookup(backend.id) else { return }
        value.flags = backend.flags
        try backends.update(backend.id, value)
    }

    /// Lays out the slots of both scopes, drawn in turn.
    borrowing func set(_ service: StagedService, slots ids: [UInt32]) throws {
        for (index, id) in ids.enumerated() {
            try slots.update(fw_slot_key(table: service.id, index: UInt32(index)), id)
        }
        var set = fw_backend_set()
        (set.table, set.slot_count) = (service.id, UInt32(ids.count))
        (set.affinity_seconds, set.affinity_owner) = (service.affinitySeconds, service.id)
        set.scheduler = UInt8(FW_IN_TURN.rawValue)
        for scope in [FW_CLUSTER, FW_LOCAL] {
            try sets.update(fw_set_key(service: service.id, scope: scope.rawValue), set)
        }
    }

    private borrowing func addFrontend(of service: StagedService) throws {
        var frontend = fw_frontend()
        frontend.service = service.id
        frontend.sources = service.allowed.isEmpty ? 0 : service.id
        frontend.verdicts = (service.verdicts[0], service.verdicts[1], service.verdicts[2])
        var key = fw_frontend_key(service.frontend, service.transport)
        if service.isNodePort {
            try nodePortAddresses.update(key.address, 1)
            let family = service.frontend.address.family
            key.address = fw_address(.literal(family == .ipv4 ? "0.0.0.0" : "::"))
        } else {
            try clusterIPs.update(key.address, 1)
        }
        try frontends.update(key, frontend)
    }

    /// Pods are known by their addresses.
    borrowing func detectPods(_ family: IPFamily) throws {
        guard var value = try settings.lookup(0) else { return }
        value.detect = UInt32(FW_DETECT_PREFIXES)
        try settings.update(0, value)
        try podRanges.update(fw_prefix(.literal(family == .ipv4 ? "10.244.0.0/16" : "fd00:244::/32")), 1)
    }
}

extension IPPrefix {
    /// - Precondition: the text is a prefix.
    static func literal(_ text: String) -> IPPrefix {
        guard let prefix = IPPrefix(text) else { preconditionFailure("\(text) is no prefix") }
        return prefix
    }

    fileprivate var mappedLength: UInt32 { UInt32(length) + (address.family == .ipv4 ? 96 : 0) }
}

extension fw_prefix {
    init(_ prefix: IPPrefix) {
        self.init(length: prefix.mappedLength, address: fw_address(prefix.address))
    }
}

extension fw_source_key {
    init(_ sources: UInt32, _ prefix: IPPrefix) {
        self.init(length: 32 + prefix.mappedLength, sources: sources.bigEndian, address: fw_address(prefix.address))
    }
}
