package import NetworkTypes
package import ServiceTable

/// What happens to a packet of one origin: an `fw_action`, perhaps with FW_MASQUERADE.
package struct BPFVerdict: RawRepresentable, Sendable, Hashable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }
}

/// The entry of one frontend (`fw_frontend`). Replaced as a whole.
package struct BPFFrontend: Sendable, Hashable {
    /// The service port in one family.
    package var service: UInt32
    /// The allowed source ranges; 0: any source.
    package var sources: UInt32
    package var pod: BPFVerdict
    package var node: BPFVerdict
    package var outside: BPFVerdict

    package init(service: UInt32, sources: UInt32 = 0, pod: BPFVerdict, node: BPFVerdict, outside: BPFVerdict) {
        self.service = service
        self.sources = sources
        self.pod = pod
        self.node = node
        self.outside = outside
    }
}

/// Which backends of which service port (`fw_set_key`).
package struct BPFSetKey: Sendable, Hashable {
    package let service: UInt32
    package let scope: BackendScope

    package init(service: UInt32, scope: BackendScope) {
        self.service = service
        self.scope = scope
    }
}

/// How a slot is drawn (`fw_scheduler`).
package struct BPFScheduler: RawRepresentable, Sendable, Hashable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }
}

/// The entry of one backend set (`fw_backend_set`). Replaced as a whole.
package struct BPFBackendSet: Sendable, Hashable {
    package var table: UInt32
    package var slotCount: UInt32
    /// 0: clients are not remembered.
    package var affinitySeconds: UInt32
    /// Who remembers: a service port, or a whole Service; 0 without affinity.
    package var affinityOwner: UInt32
    package var scheduler: BPFScheduler

    package init(
        table: UInt32, slotCount: UInt32, affinitySeconds: UInt32 = 0, affinityOwner: UInt32 = 0,
        scheduler: BPFScheduler
    ) {
        self.table = table
        self.slotCount = slotCount
        self.affinitySeconds = affinitySeconds
        self.affinityOwner = affinityOwner
        self.scheduler = scheduler
    }
}

/// A place in a table of slots (`fw_slot_key`).
package struct BPFSlotKey: Sendable, Hashable {
    package let table: UInt32
    package let index: UInt32

    package init(table: UInt32, index: UInt32) {
        self.table = table
        self.index = index
    }
}

/// What holds of a backend (`FW_BACKEND_`).
package struct BPFBackendFlags: OptionSet, Sendable, Hashable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }
}

/// The entry of one backend of one service port (`fw_backend`). Replaced as a whole.
package struct BPFBackend: Sendable, Hashable {
    package var address: IPAddress
    package var port: PortNumber
    /// 0 takes no new connection.
    package var weight: UInt16
    package var flags: BPFBackendFlags
    package var service: UInt32

    package init(address: IPAddress, port: PortNumber, weight: UInt16, flags: BPFBackendFlags, service: UInt32) {
        self.address = address
        self.port = port
        self.weight = weight
        self.flags = flags
        self.service = service
    }
}

/// A backend's address behind one service port of a Service whose ports share their affinity (`fw_sibling_key`).
package struct BPFSiblingKey: Sendable, Hashable {
    package let service: UInt32
    package let address: IPAddress

    package init(service: UInt32, address: IPAddress) {
        self.service = service
        self.address = address
    }
}

/// One range of a list of allowed sources (`fw_source_key`).
package struct BPFSourceKey: Sendable, Hashable {
    package let sources: UInt32
    package let prefix: IPPrefix

    package init(sources: UInt32, prefix: IPPrefix) {
        self.sources = sources
        self.prefix = prefix
    }
}
