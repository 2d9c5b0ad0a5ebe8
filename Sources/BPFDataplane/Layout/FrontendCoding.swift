package import CBPFMaps
internal import NetworkTypes
package import ServiceTable

extension fw_frontend_key {
    package init(_ key: FrontendKey) {
        let address: IPAddress =
            switch key.destination {
            case .address(let address): address
            case .nodeAddresses: .unspecified(key.family)
            }
        self.init(
            address: fw_address(address), port: key.port.rawValue.bigEndian, protocol: key.protocol.rawValue, zero: 0)
    }
}

extension FrontendKey {
    /// Nil for a port 0 or a protocol that no Service has.
    package init?(_ key: fw_frontend_key) {
        guard let port = PortNumber(rawValue: UInt16(bigEndian: key.port)),
            let transport = TransportProtocol(rawValue: key.protocol)
        else { return nil }
        let address = IPAddress(key.address)
        self.init(
            family: address.family, destination: address.isUnspecified ? .nodeAddresses : .address(address),
            protocol: transport, port: port)
    }
}

extension BPFVerdict {
    package static let reject = BPFVerdict(rawValue: UInt8(FW_REJECT.rawValue))
    package static let drop = BPFVerdict(rawValue: UInt8(FW_DROP.rawValue))

    package static func balance(_ scope: BackendScope, masquerade: Bool) -> BPFVerdict {
        let action = scope == .cluster ? FW_BALANCE_CLUSTER : FW_BALANCE_LOCAL
        return BPFVerdict(rawValue: UInt8(action.rawValue) | (masquerade ? UInt8(FW_MASQUERADE) : 0))
    }

    package init(_ verdict: Verdict) {
        self =
            switch verdict {
            case .reject: .reject
            case .drop: .drop
            case .balance(let scope, let masquerade): .balance(scope, masquerade: masquerade)
            }
    }

    /// What it says; nil for untouched and for what this version does not know.
    package var verdict: Verdict? {
        let masquerade = rawValue & UInt8(FW_MASQUERADE) != 0
        switch UInt32(rawValue & UInt8(FW_ACTION_MASK)) {
        case FW_REJECT.rawValue: return .reject
        case FW_DROP.rawValue: return .drop
        case FW_BALANCE_CLUSTER.rawValue: return .balance(.cluster, masquerade: masquerade)
        case FW_BALANCE_LOCAL.rawValue: return .balance(.local, masquerade: masquerade)
        default: return nil
        }
    }
}

extension fw_frontend {
    package init(_ frontend: BPFFrontend) {
        self.init(
            service: frontend.service, sources: frontend.sources,
            verdicts: (frontend.pod.rawValue, frontend.node.rawValue, frontend.outside.rawValue), zero: 0)
    }
}

extension BPFFrontend {
    package init(_ frontend: fw_frontend) {
        let verdicts = frontend.verdicts
        self.init(
            service: frontend.service, sources: frontend.sources, pod: BPFVerdict(rawValue: verdicts.0),
            node: BPFVerdict(rawValue: verdicts.1), outside: BPFVerdict(rawValue: verdicts.2))
    }
}
