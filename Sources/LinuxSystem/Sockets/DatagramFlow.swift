internal import CLinux
package import NetworkTypes

/// Where datagrams come from and which address and port they are sent to. It holds the addresses as they are hashed, as it
/// is made for every datagram.
package struct DatagramFlow: Sendable, Hashable {
    package let peerBits: UInt128
    package let localBits: UInt128
    package let peerPort: UInt16
    package let localPort: UInt16
    /// The interface's index for a link-local IPv6 peer, else 0.
    package let scope: UInt32
    package let family: IPFamily

    package init(from peer: SocketAddress, to local: SocketAddress) {
        precondition(peer.family == local.family, "a flow has one family")
        peerBits = peer.address.bits
        localBits = local.address.bits
        peerPort = peer.port
        localPort = local.port
        scope = peer.scope
        family = peer.family
    }

    package var peer: SocketAddress {
        SocketAddress(IPAddress(bits: peerBits, family: family), port: peerPort, scope: scope)
    }

    /// Without an interface, which is the peer's.
    package var local: SocketAddress { SocketAddress(IPAddress(bits: localBits, family: family), port: localPort) }
}

extension DatagramFlow {
    /// nil where the kernel did not tell.
    init?(native: clinux_flow) {
        guard native.version != 0, let family = IPFamily(rawValue: UInt8(native.version)) else { return nil }
        peerBits = UInt128(native.peer_high) << 64 | UInt128(native.peer_low)
        localBits = UInt128(native.local_high) << 64 | UInt128(native.local_low)
        peerPort = native.peer_port
        localPort = native.local_port
        scope = native.scope
        self.family = family
    }

    var native: clinux_flow {
        clinux_flow(
            peer_high: UInt64(truncatingIfNeeded: peerBits >> 64), peer_low: UInt64(truncatingIfNeeded: peerBits),
            local_high: UInt64(truncatingIfNeeded: localBits >> 64), local_low: UInt64(truncatingIfNeeded: localBits),
            scope: scope, peer_port: peerPort, local_port: localPort, version: UInt32(family.rawValue))
    }
}
