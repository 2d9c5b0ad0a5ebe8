internal import BPF
internal import CBPFMaps
internal import LinuxSystem
internal import Netlink
internal import NetworkTypes
internal import ServiceTable
internal import Synchronization

/// What the kernel's programs know of the node: which interfaces they are at, and the settings. One lock holds both
/// together; a long synchronisation of Services does not hold it.
final class NodeInterfaces: Sendable {
    struct Attached {
        var entry: InterfaceTable.Entry
        var ownsQdisc: Bool
    }

    struct State {
        var hooks: PacketHooks?
        var network = NodeNetwork()
        var attached: [UInt32: Attached] = [:]
        /// Those that refused, so that each is told of once.
        var refused: Set<UInt32> = []
        /// Those that lost programs and could not be given them again, likewise.
        var unrepaired: Set<UInt32> = []
        var detector = LocalDetector.none
        var preferred: [IPAddress] = []
        /// Nil before a table has said.
        var serviceRanges: [IPPrefix]?
        var detect: UInt32
        /// Of the frontends; flows of datagrams look for theirs again when it has changed.
        var generation: UInt32
        var written: fw_settings?
        /// The kernel has all that follows from the above: programs, rows and settings. Not while an interface refuses.
        var isSettled = false
    }

    private let options: BPFSettings
    private let namespaceCookie: UInt64
    private let ports: ClosedRange<UInt16>
    let maps: SharedStateMaps
    let notify: @Sendable (BPFNotice) -> Void
    let state: Mutex<State>

    init(
        _ options: BPFSettings, maps: SharedStateMaps, adopted: fw_settings?, namespaceCookie: UInt64,
        notify: @escaping @Sendable (BPFNotice) -> Void
    ) {
        self.options = options
        self.maps = maps
        self.namespaceCookie = namespaceCookie
        self.notify = notify
        state = Mutex(State(detect: adopted?.detect ?? 0, generation: adopted?.generation ?? 0))
        ports = MasqueradePorts.chosen(localRange: (try? Sysctl().read("net.ipv4.ip_local_port_range")) ?? "")
    }

    /// `fw_settings.detect` as it is now.
    var detect: UInt32 { state.withLock { $0.detect } }

    /// What the table says of the node, after each step of it. Deciding on every interface again would cost a step on a
    /// node of many pods more than the step itself.
    func update(_ node: NodeTable) throws(BPFError) {
        try locked { state throws(BPFError) in
            if state.isSettled, state.detector == node.localDetector, state.preferred == node.nodePortAddresses,
                state.serviceRanges == node.serviceRanges
            {
                return
            }
            state.detector = node.localDetector
            state.preferred = node.nodePortAddresses
            state.serviceRanges = node.serviceRanges
            try apply(&state)
        }
    }

    func setDetect(_ detect: UInt32) throws(BPFError) {
        try locked { state throws(BPFError) in
            state.isSettled = false
            state.detect = detect
            try writeSettings(&state)
        }
    }

    /// To be called once the maps have it.
    func frontendsChanged() throws(BPFError) {
        try locked { state throws(BPFError) in
            state.generation &+= 1
            try writeSettings(&state)
        }
    }

    /// Puts the programs on every interface, in place of others of ours.
    func attach(_ hooks: PacketHooks) throws(BPFError) {
        try locked { state throws(BPFError) in
            state.hooks = hooks
            for (index, attached) in state.attached {
                do throws(BPFError) {
                    _ = try hooks.attach(to: index)
                } catch {
                    notify(.warning("interface \(attached.entry.name): \(error)"))
                }
            }
            try apply(&state)
            try detachStrays(state)
        }
    }

    /// Interfaces or addresses changed. Those that went may be back under the same number, without programs.
    func update(_ network: NodeNetwork, removed: Set<UInt32>) throws(BPFError) {
        try locked { state throws(BPFError) in
            state.isSettled = false
            for index in removed where state.attached.removeValue(forKey: index) != nil {
                try maps.maps.interfaces.delete(index)
            }
            state.refused.subtract(removed)
            state.unrepaired.subtract(removed)
            state.network = network
            try apply(&state)
        }
    }

    private func locked(_ body: (inout State) throws(BPFError) -> Void) throws(BPFError) {
        let result = state.withLock { state in Result { () throws(BPFError) in try body(&state) } }
        try result.get()
    }

    private func apply(_ state: inout State) throws(BPFError) {
        state.isSettled = false
        try writeSettings(&state)
        guard let hooks = state.hooks else { return }
        let table = InterfaceTable(state.network, options.interfaces, state.detector)
        for index in state.attached.keys where table.entries[index] == nil {
            state.attached[index] = nil
            try maps.maps.interfaces.delete(index)
        }
        for (index, entry) in table.entries {
            if let attached = state.attached[index] {
                guard attached.entry != entry else { continue }
                state.attached[index]?.entry = entry
                try maps.maps.interfaces.update(index, fw_interface(entry, ownsQdisc: attached.ownsQdisc))
            } else {
                try attach(hooks, index, entry, &state)
            }
        }
        state.isSettled = state.attached.count == table.entries.count
    }

    /// Its row first: programs that run without it take the node's address.
    private func attach(
        _ hooks: PacketHooks, _ index: UInt32, _ entry: InterfaceTable.Entry, _ state: inout State
    ) throws(BPFError) {
        let before = try maps.maps.interfaces.lookup(index)
        var ownsQdisc = before.map { $0.flags & UInt32(FW_INTERFACE_QDISC) != 0 } ?? false
        try maps.maps.interfaces.update(index, fw_interface(entry, ownsQdisc: ownsQdisc))
        do throws(BPFError) {
            if try hooks.attach(to: index) {
                ownsQdisc = true
                try maps.maps.interfaces.update(index, fw_interface(entry, ownsQdisc: true))
            }
            state.attached[index] = Attached(entry: entry, ownsQdisc: ownsQdisc)
            state.refused.remove(index)
        } catch {
            // Of what carries no programs no row is kept.
            _ = try? maps.maps.interfaces.delete(index)
            // Gone again, which the next listing says; or it takes none, and is tried again with each change.
            if error.code != .notFound, state.refused.insert(index).inserted {
                notify(.warning("interface \(entry.name) carries no Services: \(error)"))
            }
        }
    }

    /// What an earlier process with another choice left, and rows of interfaces that are gone.
    private func detachStrays(_ state: borrowing State) throws(BPFError) {
        for link in state.network.links where state.attached[link.index] == nil && !link.isLoopback {
            _ = try? PacketHooks.detach(from: link.index)
        }
        let rows: [UInt32]
        do { rows = try maps.maps.interfaces.all().map(\.key) } catch {
            throw BPFError(.system, doing: "read map interfaces", cause: "\(error)")
        }
        for index in rows where state.attached[index] == nil { try maps.maps.interfaces.delete(index) }
    }

    private func writeSettings(_ state: inout State) throws(BPFError) {
        let times = options.idleTimes
        let (ipv4, ipv6) = (RangeCover(state.serviceRanges, .ipv4), RangeCover(state.serviceRanges, .ipv6))
        let settings = fw_settings(
            schema: UInt32(FW_SCHEMA), detect: state.detect, node_namespace: namespaceCookie,
            ipv4: fw_address(optional: state.network.nodeAddress(.ipv4, preferred: state.preferred)),
            ipv6: fw_address(optional: state.network.nodeAddress(.ipv6, preferred: state.preferred)),
            first_port: ports.lowerBound, last_port: ports.upperBound, is_filtered: 1,
            range_ipv4: ipv4.range, mask_ipv4: ipv4.mask, range_ipv6: ipv6.range, mask_ipv6: ipv6.mask,
            tcp_established_seconds: times.establishedTCP.wholeSeconds,
            tcp_opening_seconds: times.openingTCP.wholeSeconds, tcp_closing_seconds: times.closingTCP.wholeSeconds,
            udp_seconds: times.udp.wholeSeconds, generation: state.generation, zero: 0)
        if let written = state.written, written.isSame(as: settings) { return }
        try maps.maps.settings.update(0, settings)
        state.written = settings
    }
}

/// Open state maps that several threads use.
final class SharedStateMaps: Sendable {
    let maps: StateMaps

    init(_ maps: consuming StateMaps) { self.maps = maps }
}

extension fw_settings {
    fileprivate func isSame(as other: fw_settings) -> Bool {
        // SAFETY: the struct has no padding; both are read inside the closures.
        unsafe withUnsafeBytes(of: self) { own in
            unsafe withUnsafeBytes(of: other) { other in unsafe own.elementsEqual(other) }
        }
    }
}

extension Duration {
    fileprivate var wholeSeconds: UInt32 { UInt32(clamping: components.seconds) }
}
