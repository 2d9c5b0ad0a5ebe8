import KubernetesModel
import KubernetesModelTesting
import KubernetesWire
import RandomTesting

extension KubernetesObject {
    /// Both formats of the object as a body.
    func body(_ format: WireFormat) throws -> [UInt8] {
        let encoder = ObjectEncoder(APIResource(kind), format: format)
        return encoder.object(try encoder.item(self))
    }
}

extension RandomObjects {
    /// An object of this kind.
    mutating func object(_ kind: ObjectKind) -> KubernetesObject {
        switch kind {
        case .service: .service(service())
        case .pod: .pod(pod())
        case .endpoints: .endpoints(endpoints())
        case .endpointSlice: .endpointSlice(slice())
        case .node: .node(node())
        case .namespace:
            .namespace(.make("ns-\(random.number(0...9))", labels: random.oneIn(2) ? [:] : ["tier": "a"]))
        case .serviceCIDR:
            .serviceCIDR(.make("range", cidrs: random.pick([["10.96.0.0/16"], ["fd96::/108", "10.96.0.0/16"], []])))
        }
    }
}

/// Bytes from their hexadecimal digits; anything else between them is passed over.
func bytes(hex text: String) -> [UInt8] {
    let digits = text.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}
