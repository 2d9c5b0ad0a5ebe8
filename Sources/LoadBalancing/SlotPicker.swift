public import NetworkTypes

/// Draws one of a set's slots: rr and wrr in turn, random, sh, dh and mh by a hash. What the slots are decides the rest:
/// backends once each, `WeightedSlots`, or a `MaglevTable`.
public enum SlotPicker: Sendable, Hashable {
    case inTurn(next: UInt64 = 0)
    case random
    /// sh: by the client's address.
    case sourceHash
    /// dh: by the address that was asked.
    case destinationHash
    /// mh: by the client's address and port.
    case maglev

    /// One connection that wants a backend.
    public struct Request: Sendable, Hashable {
        public let client: IPAddress
        public let clientPort: PortNumber?
        public let destination: IPAddress

        public init(client: IPAddress, clientPort: PortNumber?, destination: IPAddress) {
            self.client = client
            self.clientPort = clientPort
            self.destination = destination
        }
    }

    /// Index of a slot; nil when there is none.
    ///
    /// - Parameter attempt: counted up when the slot drawn led nowhere; the hashes then draw another.
    public mutating func pick(
        of slotCount: Int, for request: Request, attempt: UInt32 = 0, using random: inout some RandomNumberGenerator
    ) -> Int? {
        if slotCount == 0 { return nil }
        switch self {
        case .inTurn(let next):
            self = .inTurn(next: next &+ 1)
            return Int(next % UInt64(slotCount))
        case .random: return Int.random(in: 0..<slotCount, using: &random)
        case .sourceHash: return SlotHash.slot(of: slotCount, by: request.client, attempt: attempt)
        case .destinationHash: return SlotHash.slot(of: slotCount, by: request.destination, attempt: attempt)
        case .maglev: return SlotHash.slot(of: slotCount, by: request.client, port: request.clientPort, attempt: attempt)
        }
    }
}
