package import Netlink
internal import NetworkTypes
internal import ServiceTable

/// One element and the set it is in.
package struct SetElement: Sendable, Hashable {
    package let set: TableSet
    package let element: NftablesElement

    package init(_ set: TableSet, _ element: NftablesElement) {
        self.set = set
        self.element = element
    }

    /// For the removal.
    var keyOnly: SetElement { SetElement(set, NftablesElement(key: element.key)) }
}

/// Values as elements of the table's sets, in the kernel's byte layout.
enum ElementCoding {
    /// Key bytes of a frontend: address (unless NodePort), protocol, port, each padded to four bytes.
    static func key(_ frontend: FrontendKey, reserving extra: Int = 0) -> [UInt8] {
        var bytes: [UInt8] = []
        if case .address(let address) = frontend.destination {
            bytes.reserveCapacity(address.family.addressByteCount + 8 + extra)
            NetworkOrder.append(address, to: &bytes)
        } else {
            bytes.reserveCapacity(8 + extra)
        }
        bytes.append(frontend.protocol.rawValue)
        bytes.append(0)
        bytes.append(0)
        bytes.append(0)
        NetworkOrder.append(frontend.port, to: &bytes)
        return bytes
    }

    /// - Parameter index: an index, or an endpoint id.
    static func endpoint(_ frontend: FrontendKey, index: UInt32, _ backend: Backend) -> NftablesElement {
        var element = endpointKey(frontend, index: index)
        element.data = .value(place(backend.address, backend.port))
        return element
    }

    static func affinitySlot(_ frontend: FrontendKey, index: Int, id: UInt32) -> NftablesElement {
        var element = endpointKey(frontend, index: UInt32(index))
        element.data = .value(HostOrder.bytes(id))
        return element
    }

    /// The key of an endpoint alone, for its removal.
    static func endpointKey(_ frontend: FrontendKey, index: UInt32) -> NftablesElement {
        var key = key(frontend, reserving: 4)
        key.append(contentsOf: HostOrder.bytes(index))
        return NftablesElement(key: key)
    }

    /// The sources that a code stands for. Every field of a range is in network order.
    static func sources(_ prefixes: [IPPrefix], code: UInt32) -> [NftablesElement] {
        prefixes.map { prefix in
            NftablesElement(
                key: NetworkOrder.bytes(code) + prefix.address.networkBytes,
                keyEnd: NetworkOrder.bytes(code) + prefix.lastAddress.networkBytes)
        }
    }

    static func place(_ address: IPAddress, _ port: PortNumber) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(address.family.addressByteCount + 4)
        NetworkOrder.append(address, to: &bytes)
        NetworkOrder.append(port, to: &bytes)
        return bytes
    }

    static func code(_ frontend: FrontendKey, _ code: UInt32) -> NftablesElement {
        NftablesElement(key: key(frontend), data: .value(HostOrder.bytes(code)))
    }

    static func address(_ address: IPAddress) -> NftablesElement {
        NftablesElement(key: address.networkBytes)
    }

    static func hairpin(_ address: IPAddress) -> NftablesElement {
        NftablesElement(key: address.networkBytes + address.networkBytes)
    }

    static func verdict(code: UInt32, _ verdict: NftablesVerdict) -> NftablesElement {
        NftablesElement(key: HostOrder.bytes(code), data: .verdict(verdict))
    }

    static func code(_ code: UInt32) -> NftablesElement { NftablesElement(key: HostOrder.bytes(code)) }
}

/// Values as they are on the wire, most significant byte first.
enum NetworkOrder {
    static func append(_ address: IPAddress, to bytes: inout [UInt8]) {
        var shift = (address.family.addressByteCount - 1) * 8
        while shift >= 0 {
            bytes.append(UInt8(truncatingIfNeeded: address.bits >> UInt128(shift)))
            shift -= 8
        }
    }

    /// Two bytes and two of padding.
    static func append(_ port: PortNumber, to bytes: inout [UInt8]) {
        bytes.append(UInt8(truncatingIfNeeded: port.rawValue >> 8))
        bytes.append(UInt8(truncatingIfNeeded: port.rawValue))
        bytes.append(0)
        bytes.append(0)
    }

    static func value(_ bytes: some Collection<UInt8>) -> UInt32 { bytes.reduce(0) { $0 << 8 | UInt32($1) } }

    static func bytes(_ value: UInt32) -> [UInt8] {
        [
            UInt8(truncatingIfNeeded: value >> 24), UInt8(truncatingIfNeeded: value >> 16),
            UInt8(truncatingIfNeeded: value >> 8), UInt8(truncatingIfNeeded: value),
        ]
    }
}
