internal import KubernetesModel

extension Lease: Codable {
    private enum Field: String, CodingKey { case apiVersion, kind, metadata, spec }
    private enum SpecField: String, CodingKey {
        case holderIdentity, leaseDurationSeconds, acquireTime, renewTime, leaseTransitions
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Field.self)
        self.init(metadata: try container.decodeIfPresent(ObjectMeta.self, forKey: .metadata) ?? ObjectMeta(name: ""))
        guard container.contains(.spec), try !container.decodeNil(forKey: .spec) else { return }
        let spec = try container.nestedContainer(keyedBy: SpecField.self, forKey: .spec)
        holderIdentity = try spec.decodeIfPresent(String.self, forKey: .holderIdentity) ?? ""
        leaseDurationSeconds = try spec.decodeIfPresent(Int32.self, forKey: .leaseDurationSeconds) ?? 0
        acquireTime = try spec.decodeIfPresent(MicroTime.self, forKey: .acquireTime)?.time
        renewTime = try spec.decodeIfPresent(MicroTime.self, forKey: .renewTime)?.time
        leaseTransitions = try spec.decodeIfPresent(Int32.self, forKey: .leaseTransitions) ?? 0
    }

    /// Nobody holds it: written as an empty name, as client-go gives a Lease up. A duration of 0 is left out, which the
    /// API server would refuse.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Field.self)
        try container.encode(APIResource.leases.apiVersion, forKey: .apiVersion)
        try container.encode(APIResource.leases.kind, forKey: .kind)
        try container.encode(metadata, forKey: .metadata)
        var spec = container.nestedContainer(keyedBy: SpecField.self, forKey: .spec)
        try spec.encode(holderIdentity, forKey: .holderIdentity)
        if leaseDurationSeconds != 0 { try spec.encode(leaseDurationSeconds, forKey: .leaseDurationSeconds) }
        try spec.encodeIfPresent(acquireTime.map(MicroTime.init), forKey: .acquireTime)
        try spec.encodeIfPresent(renewTime.map(MicroTime.init), forKey: .renewTime)
        try spec.encode(leaseTransitions, forKey: .leaseTransitions)
    }
}
