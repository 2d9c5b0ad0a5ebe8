package import CBPFMaps
internal import NetworkTypes

extension BPFBackendFlags {
    /// On this node, or perhaps.
    package static let local = BPFBackendFlags(rawValue: UInt32(FW_BACKEND_LOCAL))
    /// Takes no new connection, keeps those it has.
    package static let draining = BPFBackendFlags(rawValue: UInt32(FW_BACKEND_DRAINING))
    /// The cluster-wide set of its service port does not have it.
    package static let notInClusterSet = BPFBackendFlags(rawValue: UInt32(FW_BACKEND_NOT_CLUSTER_SET))
    /// The node-local set of its service port does not have it.
    package static let notInLocalSet = BPFBackendFlags(rawValue: UInt32(FW_BACKEND_NOT_LOCAL_SET))
}

extension fw_backend {
    package init(_ backend: BPFBackend) {
        self.init(
            address: fw_address(backend.address), port: backend.port.rawValue.bigEndian, weight: backend.weight,
            flags: backend.flags.rawValue, service: backend.service)
    }
}

extension BPFBackend {
    /// Nil for a port 0.
    package init?(_ backend: fw_backend) {
        guard let port = PortNumber(rawValue: UInt16(bigEndian: backend.port)) else { return nil }
        self.init(
            address: IPAddress(backend.address), port: port, weight: backend.weight,
            flags: BPFBackendFlags(rawValue: backend.flags), service: backend.service)
    }
}

extension fw_sibling_key {
    package init(_ key: BPFSiblingKey) { self.init(service: key.service, address: fw_address(key.address)) }
}

extension BPFSiblingKey {
    package init(_ key: fw_sibling_key) { self.init(service: key.service, address: IPAddress(key.address)) }
}
