internal import DNSWire
internal import KubernetesModel
internal import NetworkTypes

/// What the names of one Service depend on, brought together from the Service and its slices.
///
/// Made anew for both sides of a change and never kept: the builder's memory is the snapshot before.
struct ServiceShape {
    /// What the Service's own name owns.
    enum Kind: Equatable {
        /// Nothing, and nothing is below it: the name does not exist.
        case absent
        /// ClusterIPs, sorted; none: not allocated yet, and the name exists without records.
        case clusterIP([IPAddress])
        /// The addresses of the endpoints.
        case headless
        /// ExternalName: CNAME for every type.
        case alias(DomainName)
        /// ExternalName that is no name: the Service's name exists without records.
        case nameless
    }

    /// `SERVICE.NAMESPACE.svc.ZONE`.
    private(set) var name: DomainName
    private(set) var kind = Kind.absent
    /// Those of the Service for ClusterIP, those of the slices for headless; sorted, distinct. Ports whose names no
    /// label can carry are without name here.
    private(set) var ports: [ZonePort] = []
    /// Sorted by label.
    private(set) var endpoints: [EndpointName] = []
    /// Addresses of endpoints that no name can be made for: among the addresses of a headless Service all the same.
    private(set) var namelessAddresses: [IPAddress] = []
    /// Names left out because no label, or no whole name, can carry them.
    private(set) var omittedNames = 0

    /// - Parameter namespace: `NAMESPACE.svc.ZONE`, nil when that is too long a name.
    init(_ service: Service, slices: @autoclosure () -> [EndpointSlice], namespace: DomainName?) {
        guard let name = namespace?.prepending(ZoneLabel.lowercased(service.metadata.name)) else {
            self.name = .root
            omittedNames = 1
            return
        }
        self.name = name
        if service.spec.type == .externalName {
            setExternal(service.spec.externalName)
            return
        }
        setEndpoints(EndpointName.all(in: slices()))
        if service.spec.isHeadless {
            guard !endpoints.isEmpty || !namelessAddresses.isEmpty else { return }
            kind = .headless
            ports = endpoints.reduce(into: []) { if $1.ports != $0 { $0 += $1.ports } }.sortedDistinct()
        } else {
            kind = .clusterIP(service.spec.clusterAddresses.sortedDistinct())
            ports = service.spec.ports.map(ZonePort.init).sortedDistinct()
        }
        countNamelessPorts()
    }

    /// Digits with dots are a name like any other, as the API documents it (`1.2.3.4` is not an address here), with or
    /// without a final dot. What is no name at all, and the root, give a name without records.
    private mutating func setExternal(_ text: String) {
        if let target = DomainName(text), !target.isRoot {
            kind = .alias(target)
        } else {
            kind = .nameless
            omittedNames += 1
        }
    }

    private mutating func setEndpoints(_ all: [EndpointName]) {
        endpoints = all
        guard !all.allSatisfy({ canName($0.label) }) else { return }
        endpoints = all.filter { canName($0.label) }
        let others = all.filter { !canName($0.label) }
        namelessAddresses = others.flatMap(\.addresses).sortedDistinct()
        omittedNames += others.count
    }

    /// A label that can stand before the Service's name. Those with `_` are the ports' (RFC 2782).
    private func canName(_ label: [UInt8]) -> Bool {
        (1...DomainName.labelByteLimit).contains(label.count) && label.first != UInt8(ascii: "_")
            && name.wire.count + 1 + label.count <= DomainName.byteLimit
    }

    private mutating func countNamelessPorts() {
        for named in portNames where portName(named) == nil { omittedNames += 1 }
    }

    /// Protocol and name of the ports that have names, each once.
    var portNames: [ZonePort] {
        var result: [ZonePort] = []
        for port in ports where !port.name.isEmpty {
            if let last = result.last, last.protocol == port.protocol, last.name == port.name { continue }
            result.append(port)
        }
        return result
    }

    /// `_http._tcp.SERVICE…`, nil when a name cannot be that long.
    func portName(_ port: ZonePort) -> DomainName? {
        name.prepending(ZonePort.label(port.protocol))?.prepending(port.nameLabel)
    }

    /// A and AAAA of the Service's own name, sorted.
    var addresses: [IPAddress] {
        switch kind {
        case .absent, .alias, .nameless: []
        case .clusterIP(let addresses): addresses
        case .headless: (endpoints.flatMap(\.addresses) + namelessAddresses).sortedDistinct()
        }
    }

    /// The same records at the Service's own name and at its ports' names.
    func hasSameFrame(as other: ServiceShape) -> Bool {
        guard kind == other.kind, ports == other.ports else { return false }
        return kind != .headless || (endpoints == other.endpoints && namelessAddresses == other.namelessAddresses)
    }
}
