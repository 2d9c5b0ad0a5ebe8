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

    static func endpoint(_ frontend: FrontendKey, index: Int, _ backend: Backend) -> NftablesElement {
        var key = key(frontend, reserving: 4)
        key.append(contentsOf: HostOrder.bytes(UInt32(index)))
        return NftablesElement(key: key, data: .value(place(backend.address, backend.port)))
    }

    /// The key of an endpoint alone, for its removal.
    static func endpointKey(_ frontend: FrontendKey, index: Int) -> NftablesElement {
        var key = key(frontend, reserving: 4)
        key.append(contentsOf: HostOrder.bytes(UInt32(index)))
        return NftablesElement(key: key)
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

    static func bytes(_ value: UInt32) -> [UInt8] {
        [
            UInt8(truncatingIfNeeded: value >> 24), UInt8(truncatingIfNeeded: value >> 16),
            UInt8(truncatingIfNeeded: value >> 8), UInt8(truncatingIfNeeded: value),
        ]
    }
}
