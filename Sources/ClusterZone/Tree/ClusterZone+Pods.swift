internal import DNSWire
internal import NetworkTypes

extension ClusterZone {
    enum PodLookup {
        case missing
        case address(IPAddress)
    }

    /// The address of a pod's name, `10-0-0-1.NAMESPACE.pod.DOMAIN`.
    ///
    /// - Parameter depth: labels before the domain.
    func pod(_ wire: UnsafeRawBufferPointer, depth: Int) -> PodLookup {
        guard depth == 3, domain.podNames != .disabled else { return .missing }
        // SAFETY: the name is whole and has three labels at least; all offsets come from its length bytes.
        let namespace = unsafe 1 + Int(wire[0])
        let pod = unsafe namespace + 1 + Int(wire[namespace])
        guard unsafe wire[pod] == 3, unsafe wire[pod + 1] == UInt8(ascii: "p"), unsafe wire[pod + 2] == UInt8(ascii: "o"),
            unsafe wire[pod + 3] == UInt8(ascii: "d")
        else { return .missing }
        let parent = unsafe UnsafeRawBufferPointer(rebasing: wire[namespace...])
        // A namespace exists where its node does.
        guard unsafe tables.names.find(parent, hash: NameHash.hash(parent)) != nil,
            let address = unsafe PodName.address(UnsafeRawBufferPointer(rebasing: wire[1..<namespace]))
        else { return .missing }
        if domain.podNames == .insecure { return .address(address) }
        // SAFETY: as above: the label between the two length bytes.
        let label = unsafe UnsafeRawBufferPointer(rebasing: wire[(namespace + 1)..<pod])
        return unsafe hasPod(address, namespace: label) ? .address(address) : .missing
    }

    private func hasPod(_ address: IPAddress, namespace: UnsafeRawBufferPointer) -> Bool {
        guard let list = tables.pods(address.family).find(address.bits) else { return false }
        var found = false
        list.forEach { offset, count in
            // SAFETY: compared at once.
            found = unsafe count == namespace.count && list.block.hasBytes(namespace, at: offset)
            return !found
        }
        return found
    }
}
