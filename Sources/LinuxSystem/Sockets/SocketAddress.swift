internal import CLinux
package import NetworkTypes

/// An address and a port, as sockets know them: port 0 means "any" when binding.
package struct SocketAddress: Sendable, Hashable {
    package var address: IPAddress
    package var port: UInt16
    /// The interface's index for a link-local IPv6 address, else 0.
    package var scope: UInt32

    package init(_ address: IPAddress, port: UInt16, scope: UInt32 = 0) {
        self.address = address
        self.port = port
        self.scope = scope
    }

    package var family: IPFamily { address.family }
}

extension SocketAddress: LosslessStringConvertible {
    /// Parses `1.2.3.4:80` or `[2001:db8::1]:80`.
    package init?(_ description: String) {
        guard let colon = description.lastIndex(of: ":"),
            let port = UInt16(description[description.index(after: colon)...])
        else { return nil }
        var host = description[..<colon]
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        if isBracketed { host = host.dropFirst().dropLast() }
        guard let address = IPAddress(host), isBracketed == (address.family == .ipv6) else { return nil }
        self.init(address, port: port)
    }

    package var description: String { address.description(withPort: port) }
}

extension SocketAddress {
    /// The form that the C side turns into a sockaddr.
    var native: clinux_address {
        var native = clinux_address()
        native.version = Int32(family.rawValue)
        native.port = port
        native.scope = scope
        let bits = address.family == .ipv4 ? address.bits << 96 : address.bits
        // SAFETY: an address has at most 16 bytes, which is what the field has.
        unsafe withUnsafeMutableBytes(of: &native.bytes) {
            unsafe $0.storeBytes(of: bits.bigEndian, as: UInt128.self)
        }
        return native
    }

    /// nil where there is no address, or one that is neither IPv4 nor IPv6.
    init?(native: clinux_address) {
        guard let version = UInt8(exactly: native.version), let family = IPFamily(rawValue: version) else {
            return nil
        }
        // SAFETY: the field is an array of 16 bytes, all of them set by the C side.
        let bits = unsafe withUnsafeBytes(of: native.bytes) {
            unsafe UInt128(bigEndian: $0.loadUnaligned(as: UInt128.self))
        }
        let address = IPAddress(bits: family == .ipv4 ? bits >> 96 : bits, family: family)
        self.init(address, port: native.port, scope: native.scope)
    }
}
