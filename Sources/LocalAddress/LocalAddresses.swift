internal import LinuxSystem
internal import Netlink
internal import NetworkTypes

/// Addresses that are this node's for as long as this process lives: those of Services that it answers itself.
///
/// They are on a TUN interface that goes with the process, however it ends; at that moment packets to them
/// are again what they are on a node without such a process, and the Service's translation sends them to its
/// other endpoints (`LocalTable`). The Service stays in the Service map meanwhile.
///
/// A process that takes over begins beside the old one: both interfaces have the address, the kernel keeps
/// it local until the last is gone, and what the table holds for the other process is left in it.
///
/// How it is used, so that no question is lost:
///
///     set(frontends)      the addresses are local; sockets can be bound to them. Questions still go to the
///                         Service's endpoints
///     beginAnswering()    questions come here
///     endAnswering()      new questions go to the endpoints again (or to the process that takes over); those
///                         that have arrived can still be answered
///     close()             the addresses go
///
/// That holds for datagrams. A TCP connection that is under way when answering begins or ends is reset, for the
/// rules cannot tell its segments from another's; its client asks anew.
///
/// Between `set` and `beginAnswering`, and between `endAnswering` and `close`, a process of the node itself
/// that asks from an unbound socket may be given the local address as its own, and get no answer from an
/// endpoint on another node: both times are to be kept short.
///
/// Nothing is routed into the interface. What the kernel or a program multicasts on every interface ends up
/// in its queue, `queueLength` packets long, which nobody reads: what is more is dropped (`tun_net_xmit`).
///
/// Calls block, for milliseconds; one thread makes them, in the network namespace the value was made in.
package struct LocalAddresses: ~Copyable, Sendable {
    /// How the names of Fairway's interfaces begin: a number follows.
    package static let interfacePrefix = "fairway-dns"
    /// Packets, enough for none to matter.
    static let queueLength: UInt32 = 16
    /// How often a change is tried again that somebody else's commit came before.
    static let attempts = 100

    private var interface: TunInterface?
    /// nil: the interface is gone.
    private var index: UInt32?
    private let socket: NftablesSocket
    private let addresses: NodeAddresses

    private var wanted: Set<LocalFrontend> = []
    /// What was wanted and could be had.
    package private(set) var frontends: Set<LocalFrontend> = []
    package private(set) var isAnswering = false

    /// Makes the interface; it has no addresses yet.
    ///
    /// - Parameter device: where /dev/net/tun is.
    /// - Throws: `.noTunDevice` when it cannot be opened, `.permission` without CAP_NET_ADMIN.
    package init(device: String = TunInterface.devicePath) throws(LocalAddressError) {
        let interface = try Self.makeInterface(device)
        let addresses = try Self.asking { () throws(NetlinkError) in try NodeAddresses() }
        let socket = try Self.asking { () throws(NetlinkError) in try NftablesSocket() }
        index = try Self.setUp(interface.name, addresses)
        self.interface = consume interface
        self.addresses = addresses
        self.socket = socket
    }

    private static let owning = "own an interface for local addresses"

    private static func asking<T: ~Copyable>(
        _ body: () throws(NetlinkError) -> T
    ) throws(LocalAddressError) -> T {
        do throws(NetlinkError) {
            return try body()
        } catch {
            throw LocalAddressError(error, doing: owning)
        }
    }

    private static func setUp(
        _ name: String, _ addresses: borrowing NodeAddresses
    ) throws(LocalAddressError) -> UInt32 {
        do throws(NetlinkError) {
            guard let index = try addresses.interfaceIndex(name) else {
                throw NetlinkError(.notFound, doing: "find interface", object: name)
            }
            try addresses.setUpCarrier(ofAddresses: name, index: index, queueLength: queueLength)
            return index
        } catch {
            throw LocalAddressError(error, doing: owning)
        }
    }

    private static func makeInterface(_ device: String) throws(LocalAddressError) -> TunInterface {
        do throws(SystemError) {
            return try TunInterface(pattern: interfacePrefix + "%d", device: device)
        } catch {
            throw LocalAddressError(error)
        }
    }

    /// Makes these frontends' addresses local, and those no longer named not. Idempotent.
    ///
    /// While answering, a frontend that is new is not answered at before the next `beginAnswering`.
    ///
    /// - Returns: addresses that are local on somebody else's interface. They and their frontends are left
    ///   alone; another call asks again.
    /// - Throws: `.refused` with the address that the kernel did not take. What came before it holds, and
    ///   another call goes on from there.
    @discardableResult
    package mutating func set(_ frontends: Set<LocalFrontend>) throws(LocalAddressError) -> [ForeignAddress] {
        wanted = frontends
        do throws(NetlinkError) {
            let plan = try plan(for: Set(frontends.map(\.address)))
            let blocked = Set(plan.foreign.map(\.address))
            let granted = frontends.filter { !blocked.contains($0.address) }
            let answeredBefore = isAnswering ? self.frontends : []
            self.frontends = granted
            // Questions are sent elsewhere before their address goes, and answers are untracked before it comes.
            try writeTables(questions: granted.intersection(answeredBefore), answers: granted)
            guard let index else { return plan.foreign }
            for address in plan.removed { try addresses.remove(address, fromInterface: index) }
            for address in plan.added { try addresses.add(address, toInterface: index) }
            return plan.foreign
        } catch {
            throw LocalAddressError(error, doing: "make \(Self.text(frontends)) local")
        }
    }

    /// Has questions to all frontends come here. Servers are bound by then. Idempotent; puts the table right
    /// when somebody changed it.
    package mutating func beginAnswering() throws(LocalAddressError) {
        do throws(NetlinkError) {
            try writeTables(questions: frontends, answers: frontends)
            isAnswering = true
        } catch {
            throw LocalAddressError(error, doing: "answer at \(Self.text(frontends))")
        }
    }

    /// Has new questions go elsewhere, unless another process of Fairway has the address too: then they are
    /// that one's. What has arrived can still be answered.
    package mutating func endAnswering() throws(LocalAddressError) {
        do throws(NetlinkError) {
            isAnswering = false
            try writeTables(questions: [], answers: frontends)
        } catch {
            throw LocalAddressError(error, doing: "end answering at \(Self.text(frontends))")
        }
    }

    /// Gives the addresses up, and removes the table unless another process of Fairway has use for it.
    package mutating func close() throws(LocalAddressError) {
        isAnswering = false
        frontends = []
        do throws(NetlinkError) {
            // The interface goes with its last descriptor; a child on its way to its program may have one.
            if let index {
                for address in try plan(for: []).removed { try addresses.remove(address, fromInterface: index) }
            }
            interface = nil
            index = nil
            try writeTables(questions: [], answers: [])
        } catch {
            throw LocalAddressError(error, doing: "give up local addresses")
        }
    }

    private func plan(for wanted: Set<IPAddress>) throws(NetlinkError) -> AddressPlan {
        try AddressPlan(wanted: wanted, present: addresses.list(), own: index, prefix: Self.interfacePrefix)
    }

    /// Brings both families' tables to these, and what other processes of Fairway have in them.
    ///
    /// Whether another process has an address is read after the generation that the change is made for, and
    /// every process adds its addresses before it writes its table: so a change that would take away what
    /// another has just begun to use is refused, and decided anew.
    private func writeTables(
        questions: Set<LocalFrontend>, answers: Set<LocalFrontend>
    ) throws(NetlinkError) {
        for family in NftablesFamily.allCases {
            let ours = { (all: Set<LocalFrontend>) in all.filter { $0.address.family == family.ipFamily } }
            try writeTable(
                LocalTable(family: family), LocalTable.Contents(questions: ours(questions), answers: ours(answers)))
        }
    }

    private func writeTable(_ table: LocalTable, _ own: LocalTable.Contents) throws(NetlinkError) {
        for attempt in 1... {
            do throws(NetlinkError) {
                let generation = try socket.generation()
                let held = try plan(for: []).held
                let exists = try table.exists(socket)
                let present = exists ? try table.contents(socket) : nil
                var wanted = own
                wanted.questions.formUnion((present?.questions ?? []).filter { held.contains($0.address) })
                wanted.answers.formUnion((present?.answers ?? []).filter { held.contains($0.address) })
                if !wanted.isEmpty {
                    try table.write(wanted, over: present, generation: generation, socket)
                } else if exists {
                    try table.remove(generation: generation, socket)
                }
                return
            } catch {
                // Gone between two readings, or changed since the first.
                guard [.generationChanged, .notFound].contains(error.code), attempt < Self.attempts else { throw error }
            }
        }
    }

    private static func text(_ frontends: Set<LocalFrontend>) -> String {
        frontends.map(\.description).sorted().joined(separator: ", ")
    }
}

extension LocalAddresses {
    /// Removes what processes that were killed left behind: the tables. Their interfaces went with them. Not
    /// while one runs in this network namespace.
    ///
    /// - Returns: what was there and is gone.
    package static func removeAll() throws(LocalAddressError) -> [String] {
        var removed: [String] = []
        for family in NftablesFamily.allCases {
            let table = LocalTable(family: family)
            let name = "table \(family.text) \(LocalTable.name)"
            do throws(NetlinkError) {
                let socket = try NftablesSocket()
                guard try table.exists(socket) else { continue }
                try table.remove(generation: nil, socket)
                removed.append(name)
            } catch {
                throw LocalAddressError(error, doing: "remove \(name)")
            }
        }
        return removed
    }
}
