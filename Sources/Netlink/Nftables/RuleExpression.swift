/// A register of the nf_tables virtual machine, by the kernel's number.
///
/// 1...4 are the 16-byte registers (`NFT_REG_1`...), 8...23 the 4-byte ones (`NFT_REG32_00`...);
/// register 1 covers 8...11, and so on.
public struct NftablesRegister: Sendable, Hashable {
    public let number: UInt32
    /// A 4-byte register at the start of a 16-byte one becomes the 16-byte one, which is how the
    /// kernel reports it (`nft_dump_register`), so that a written register equals the one read back.
    public init(_ number: UInt32) {
        self.number = number >= 8 && number.isMultiple(of: 4) ? number / 4 - 1 : number
    }

    public static let verdict = NftablesRegister(0)
    /// The 16-byte register 1, where nft puts the first operand.
    public static let r1 = NftablesRegister(1)
    /// The register `index` words of four bytes after the start of register 1, by the number the kernel
    /// gives back in a dump: a 16-byte register where one begins there, else a 4-byte one
    /// (nft_dump_register in net/netfilter/nf_tables_api.c).
    public static func word(_ index: Int) -> NftablesRegister {
        NftablesRegister(index % 4 == 0 ? 1 + UInt32(index / 4) : 8 + UInt32(index))
    }
    /// Byte offset into the register file (register 1 begins at 0).
    public var byteOffset: Int {
        number < 8 ? Int(number - 1) * 16 : Int(number - 8) * 4
    }
}

/// One expression of a rule, one to one with the kernel's (net/netfilter/nft_*.c), so that what was
/// planned, what the kernel holds and what a tracer runs are the same thing.
public enum RuleExpression: Sendable, Hashable {
    /// Keys of linux/netfilter/nf_tables.h `nft_meta_keys`.
    public enum MetaKey: Sendable, Hashable {
        case priority
        case mark
        case transportProtocol
        case inputInterfaceName
        case outputInterfaceName
    }

    public enum PayloadBase: Sendable, Hashable {
        case network
        case transport
    }

    public enum CtKey: Sendable, Hashable {
        case state
        case status
        case mark
        /// One byte: 0 original, 1 reply (`enum ip_conntrack_dir`).
        case direction
        /// Destination address of the original direction (`ct original ip daddr`), of the table's family.
        case originalDestination
        /// Destination port of the original direction, network order.
        case originalDestinationPort
    }

    public enum CompareOperation: Sendable, Hashable { case equal, notEqual }
    public enum NumgenType: Sendable, Hashable { case random, incremental }
    /// `enum nft_dynset_ops`.
    public enum DynamicSetOperation: Sendable, Hashable {
        /// Adds an element; one that is there is left as it is.
        case add
        /// Adds an element; one that is there has its expiration put off, its data stays.
        case update
        /// Deletes the element if it is there.
        case delete
    }
    public enum NatType: Sendable, Hashable { case source, destination }
    /// Keys of `nft_socket_keys`.
    public enum SocketKey: Sendable, Hashable {
        /// One byte: 1 for a socket with IP_TRANSPARENT.
        case transparent
        /// SO_MARK, four bytes in host order. The rule ends where the kernel holds no whole socket: while a connection
        /// is being made, and after it in TIME_WAIT.
        case mark
    }
    public enum FibAddress: Sendable, Hashable { case source, destination }
    public enum RejectKind: Sendable, Hashable {
        /// ICMP or ICMPv6 port unreachable.
        case portUnreachable
        case tcpReset
    }

    /// `meta KEY` into a register.
    case meta(MetaKey, to: NftablesRegister)
    /// `meta KEY set` from a register.
    case setMeta(MetaKey, from: NftablesRegister)
    /// `ct KEY` into a register.
    case ct(CtKey, to: NftablesRegister)
    /// `ct mark set` from a register.
    case setCtMark(from: NftablesRegister)
    /// Bytes of the packet into a register.
    case payload(PayloadBase, offset: Int, length: Int, to: NftablesRegister)
    /// Goes on when the comparison holds; else the rule ends.
    case compare(NftablesRegister, CompareOperation, [UInt8])
    /// `(from & mask) ^ xor` into `to`; both operands as long as the value.
    case bitwise(from: NftablesRegister, to: NftablesRegister, mask: [UInt8], xor: [UInt8])
    /// A constant into a register.
    case immediate([UInt8], to: NftablesRegister)
    /// A verdict; ends the rule.
    case verdict(NftablesVerdict)
    /// Membership: goes on when the key is in the set (or is not, when inverted).
    case lookup(set: String, key: NftablesRegister, inverted: Bool)
    /// Map lookup: goes on with the data in `to` when the key is found. `to` may be `.verdict`.
    case mapLookup(map: String, key: NftablesRegister, to: NftablesRegister)
    /// A number from 0 to `modulus` - 1 into a register.
    case numgen(NumgenType, modulus: UInt32, to: NftablesRegister)
    /// `jhash SOURCE mod MODULUS seed SEED`: Jenkins' hash (include/linux/jhash.h) of `length` bytes from
    /// register `source` on, scaled to 0...`modulus` - 1 (nft_hash.c). A hash without a seed of its own,
    /// which the kernel then picks, reads as `.unknown`.
    case hash(
        source: NftablesRegister, length: Int, modulus: UInt32, seed: UInt32, to: NftablesRegister)
    /// A word of four bytes from the order of the host to that of the network (`byteorder hton`): keys of
    /// concatenated intervals hold every field so, because the kernel compares ranges byte by byte.
    case hostToNetworkOrder(from: NftablesRegister, to: NftablesRegister)
    /// Changes a set or map (nft_dynset.c): the rule goes on when the element is there afterwards, and
    /// ends when it was to be added and the set is full. A map needs `data`, also for a deletion.
    ///
    /// The element lives for `timeoutMilliseconds` (whole jiffies; finer values are cut by the kernel), or
    /// for the set's own timeout when nil. 0 is the same as nil and reads back as nil.
    case dynamicSet(
        operation: DynamicSetOperation, set: String, key: NftablesRegister, data: NftablesRegister?,
        timeoutMilliseconds: UInt64?)
    /// Destination or source translation to an address, and port when given, in registers.
    case nat(NatType, address: NftablesRegister, port: NftablesRegister?)
    /// Source translation to the address of the outgoing interface.
    case masquerade(fullyRandom: Bool)
    case reject(RejectKind)
    /// `fib saddr|daddr type`: the route type (RTN_LOCAL is 2) into a register, 4 bytes host order.
    case fibAddressType(FibAddress, to: NftablesRegister)
    /// Connection tracking, and with it translation, passes the packet by (nft_ct.c `nft_notrack_eval`). Only
    /// before its own hook: at priorities below -200.
    case notrack
    /// `socket KEY` into a register, of the socket that the packet is for; the rule ends when there is none
    /// (nft_socket.c). Listeners that are bound to every address do not count unless the packet is for their port.
    case socket(SocketKey, to: NftablesRegister)
    /// `tproxy to ADDRESS:PORT`: the packet is for the socket of its own connection, or else for the transparent
    /// listener there; the rule ends when there is neither (nft_tproxy.c). Only in prerouting, TCP and UDP.
    case transparentProxy(address: NftablesRegister, port: NftablesRegister)
    /// An expression this version does not know, by the kernel's name. Only ever read, never written.
    case unknown(String)
}
