internal import KubernetesModel
internal import NetworkTypes

/// A port that SRV records name.
struct ZonePort: Hashable, Comparable {
    /// In lower case; empty: without a name of its own, and so only among the bare name's SRV records.
    let name: String
    let `protocol`: TransportProtocol
    /// 0: the slice restricts no port, so that there is a name and nothing to say at it.
    let number: UInt16

    init(_ port: ServicePortSpec) {
        self.init(name: port.name, protocol: port.protocol, number: port.port.rawValue)
    }

    init(_ port: EndpointPort) {
        self.init(name: port.name ?? "", protocol: port.protocol, number: port.port?.rawValue ?? 0)
    }

    private init(name: String, protocol: TransportProtocol, number: UInt16) {
        let isUpper = { (byte: UInt8) in byte &- UInt8(ascii: "A") < 26 }
        self.name = name.utf8.contains(where: isUpper) ? name.lowercased() : name
        self.protocol = `protocol`
        self.number = number
    }

    /// `_http`.
    var nameLabel: [UInt8] { [UInt8(ascii: "_")] + name.utf8 }

    /// `_tcp`.
    static func label(_ protocol: TransportProtocol) -> [UInt8] {
        [UInt8(ascii: "_")] + `protocol`.description.utf8
    }

    static func < (a: ZonePort, b: ZonePort) -> Bool {
        (a.protocol, a.name, a.number) < (b.protocol, b.name, b.number)
    }
}
