/// The number that session affinity remembers an endpoint by: which Service (or service port) and which
/// endpoint of it. It fits the packet's priority, and an endpoint that goes takes its number along.
enum EndpointID {
    /// Bits of the endpoint's own number.
    static let numberBits: UInt32 = 14
    /// 1...: 0 stands for no endpoint.
    static let numbers: ClosedRange<UInt32> = 1...(1 << numberBits - 1)
    /// Services that can remember clients at the same time on one node, in one family.
    static let owners: ClosedRange<UInt32> = 1...(1 << (32 - numberBits) - 1)
    static let ownerMask: UInt32 = ~(1 << numberBits - 1)

    static func make(owner: UInt32, number: UInt32) -> UInt32 { owner << numberBits | number }
    static func owner(of id: UInt32) -> UInt32 { id >> numberBits }
    static func number(of id: UInt32) -> UInt32 { id & ~ownerMask }
}
