package import NetworkTypes

/// Map writes that take the kernel from one table to the next, in the order in which they are to be made.
///
/// A packet that comes between any two of them finds for each frontend the old answer or the new one. Writes to one
/// map follow each other, so that they can be sent in batches; the order within a batch counts too.
package struct BPFMapPlan: Sendable, Hashable {
    /// First what nobody looks at yet (backends, loads, cursors, siblings, sources, slots), then sets, frontends,
    /// addresses and ranges, then what no frontend leads to any more.
    package var writes: [BPFMapWrite] = []
    /// What a packet that is on its way can still be reading: removed once every program that began before the last of
    /// `writes` has ended (a grace period of RCU, which membarrier waits for). In order.
    package var reclaimed: [BPFMapWrite] = []
    /// `fw_settings.detect` as it should be; nil: as it is. To be set after `writes`.
    package var detect: UInt32?
    /// Backends that take no new connection from now on and keep what they have (`BPFMapPlanner.draining`).
    package var drained: [UInt32] = []
    /// Backends that were drained and take connections again.
    package var revived: [UInt32] = []

    package init() {}

    /// Nothing to be done. What `drained` and `revived` name comes with writes.
    package var isEmpty: Bool { writes.isEmpty && reclaimed.isEmpty && detect == nil }

    /// A frontend may lead elsewhere, or nowhere, from now on.
    package var changesFrontends: Bool {
        (writes + reclaimed).contains { write in
            if case .frontend = write.key { true } else { false }
        }
    }
}

/// A backend that takes no new connection and waits for the end of those it has.
package struct BPFDrainingBackend: Sendable, Hashable {
    package let id: UInt32
    /// Where it is.
    package let address: IPAddress
    package let port: PortNumber
    /// Nil: not known, of a service port that was gone when this process began.
    package let `protocol`: TransportProtocol?
    /// An endpoint is still there (`ServicePort.lingering`): no grace runs for it.
    package let isLingering: Bool

    package init(
        id: UInt32, address: IPAddress, port: PortNumber, protocol: TransportProtocol?, isLingering: Bool
    ) {
        self.id = id
        self.address = address
        self.port = port
        self.protocol = `protocol`
        self.isLingering = isLingering
    }
}
