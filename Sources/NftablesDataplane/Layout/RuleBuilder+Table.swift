internal import Netlink
internal import NetworkTypes

/// What only this table needs.
extension RuleBuilder {
    mutating func originalDestinationAddress() {
        append(addressWords) { .ct(.originalDestination, to: $0) }
    }

    mutating func originalDestinationPort() { append(1) { .ct(.originalDestinationPort, to: $0) } }

    /// Goes on when the packet goes to an address that serves NodePorts, with the key of the NodePort.
    mutating func nodePortAtItsAddress() {
        destinationAddress()
        isIn(.nodePortAddresses)
        nodePort()
    }

    mutating func randomIndex(modulus: Int) { append(1) { .numgen(.random, modulus: UInt32(modulus), to: $0) } }

    mutating func priority() { append(1) { .meta(.priority, to: $0) } }

    /// The code in the packet's priority as a field of ranges, which are in network order.
    mutating func priorityInNetworkOrder() {
        let register = NftablesRegister.word(words)
        priority()
        append(.hostToNetworkOrder(from: register, to: register))
    }

    /// An index below `modulus`, drawn as the chain wants it.
    mutating func index(_ draw: BalanceChain.Draw, modulus: Int) {
        switch draw {
        case .random: randomIndex(modulus: modulus)
        case .inTurn: append(1) { .numgen(.incremental, modulus: UInt32(modulus), to: $0) }
        case .sourceHash:
            let index = NftablesRegister.word(words)
            words += 1
            // Where nft puts it: what it loads by itself from a listing is then found to be the same.
            let scratch = NftablesRegister.word(words + 4)
            append(.payload(.network, offset: sourceOffset, length: addressLength, to: scratch))
            append(
                .hash(
                    source: scratch, length: addressLength, modulus: UInt32(modulus), seed: Self.hashSeed, to: index))
        }
    }
    /// Any constant: the same on every node, so that a client finds the same backend through each.
    private static let hashSeed: UInt32 = 0x6661_6972

    /// The owner's part of the endpoint id in the packet's priority.
    mutating func affinityOwner() {
        let register = NftablesRegister.word(words)
        priority()
        append(
            .bitwise(
                from: register, to: register, mask: HostOrder.bytes(EndpointID.ownerMask), xor: [0, 0, 0, 0]))
    }

    /// Adds, refreshes or takes away what the client, which is the operand, is remembered by.
    mutating func remember(_ operation: RuleExpression.DynamicSetOperation, seconds: Int32?) {
        let data = NftablesRegister.word((words + 3) & ~3)
        append(.meta(.priority, to: data))
        append(
            .dynamicSet(
                operation: operation, set: TableSet.affinity.rawValue, key: .r1, data: data,
                timeoutMilliseconds: seconds.map { UInt64($0) * 1000 }))
        words = 0
    }

    /// Leaves only the owner's part of the endpoint id in the packet's priority.
    mutating func keepAffinityOwner() {
        affinityOwner()
        append(.setMeta(.priority, from: .r1))
        words = 0
    }

    mutating func isIn(_ set: TableSet) { isIn(set.rawValue) }
    mutating func setPriority(from map: TableSet) { setPriority(from: map.rawValue) }

    /// Runs the verdict found for the operand; goes on with the next rule when there is none.
    mutating func verdict(from map: TableSet) {
        append(.mapLookup(map: map.rawValue, key: .r1, to: .verdict))
        words = 0
    }

    /// `ct status dnat` (IPS_DST_NAT).
    mutating func isDestinationTranslated() { masked(.ct(.status, to: .r1), 1 << 5, .notEqual, 0) }

    /// Sends the connection to the endpoint that the map gives for the operand.
    mutating func translateDestination(from map: TableSet) {
        append(.mapLookup(map: map.rawValue, key: .r1, to: .r1))
        append(.nat(.destination, address: .r1, port: .word(addressWords)))
        words = 0
    }

    mutating func jump(_ chain: String) { append(.verdict(.jump(chain))) }
    mutating func goto(_ chain: String) { append(.verdict(.goto(chain))) }
}
