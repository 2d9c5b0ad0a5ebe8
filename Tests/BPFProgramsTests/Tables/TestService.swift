import BPF
import CBPFMaps
import Glibc

/// A backend as a test writes it into the maps.
struct TestBackend {
    var id: UInt32
    var address = "127.0.0.1"
    var port: UInt16 = 8080
    var weight: UInt16 = 1
    var flags: UInt32 = 0
}

/// Where a service port is reached at.
struct TestFrontend {
    var address: String
    var port: UInt16
    var transport = UInt8(IPPROTO_TCP)
    /// Of a pod, the node, anybody else.
    var verdicts = [FW_BALANCE_CLUSTER, FW_BALANCE_CLUSTER, FW_BALANCE_CLUSTER]
    var sources: UInt32 = 0
    var service: UInt32?

    func udp() -> TestFrontend {
        var copy = self
        copy.transport = UInt8(IPPROTO_UDP)
        return copy
    }
}

/// A service port as a test writes it into the maps: both of its sets have the same slots.
struct TestService {
    var id: UInt32 = 1
    var frontends: [TestFrontend] = []
    var backends: [TestBackend] = []
    var scheduler = FW_IN_TURN
    /// The backends in their order, each once, unless stated.
    var slots: [UInt32]?
    var affinitySeconds: UInt32 = 0
    var affinityOwner: UInt32?
    var hasSiblings = false
}

extension ProgramMaps {
    func write(_ service: TestService) throws {
        for backend in service.backends { try write(backend, of: service) }
        let slots = service.slots ?? service.backends.map(\.id)
        for (index, backend) in slots.enumerated() {
            try self.slots.update(fw_slot_key(table: service.id, index: UInt32(index)), backend)
        }
        let set = fw_backend_set(
            table: service.id, slot_count: UInt32(slots.count), affinity_seconds: service.affinitySeconds,
            affinity_owner: service.affinityOwner ?? service.id, scheduler: UInt8(service.scheduler.rawValue),
            zero: (0, 0, 0))
        for scope in [FW_CLUSTER, FW_LOCAL] {
            try backendSets.update(fw_set_key(service: service.id, scope: scope.rawValue), set)
        }
        for frontend in service.frontends { try write(frontend, of: service.id) }
    }

    /// Its load is made with it, and kept when it is written again.
    func write(_ backend: TestBackend, of service: TestService) throws {
        if try loads.lookup(backend.id) == nil { try setLoad(backend.id, 0) }
        let address = fw_address(backend.address)
        try backends.update(
            backend.id,
            fw_backend(
                address: address, port: backend.port.bigEndian, weight: backend.weight, flags: backend.flags,
                service: service.id))
        guard service.hasSiblings else { return }
        try siblings.update(fw_sibling_key(service: service.id, address: address), backend.id)
    }

    private func write(_ frontend: TestFrontend, of service: UInt32) throws {
        let verdicts = frontend.verdicts.map { UInt8($0.rawValue) }
        try frontends.update(
            fw_frontend_key(
                address: fw_address(frontend.address), port: frontend.port.bigEndian, protocol: frontend.transport,
                zero: 0),
            fw_frontend(
                service: frontend.service ?? service, sources: frontend.sources,
                verdicts: (verdicts[0], verdicts[1], verdicts[2]), zero: 0))
    }
}
