private import CLinux
internal import Glibc
internal import NetworkTypes

/// Memory for datagrams that are passed on as they are, many with one system call (recvmmsg(2), sendmmsg(2)), and those of
/// one size at one go where the kernel does that (UDP_GRO, UDP_SEGMENT; udp(7)). Boundaries stay, empty datagrams too.
///
/// `receive` fills slots from 0 on; `chooseNone` and `choose` say which of them, in which order, `send` and `sendBack` send.
@safe package final class DatagramRelay {
    /// What became of the chosen datagrams.
    package struct Sent: Sendable, Hashable {
        package var datagrams: Int
        package var bytes: Int
        /// Refused by the kernel each for itself: a full queue, too long for the other family, a filter.
        package var lost: Int
        /// The peer is refused or out of reach; the rest is still chosen.
        package var error: Errno?
        /// Datagrams may leave at one go to this peer.
        package var canSegment: Bool
    }

    private let relay: OpaquePointer
    package let capacity: Int

    /// - Parameter capacity: slots, each of 64 KiB.
    package init(capacity: Int) throws(Errno) {
        precondition(capacity > 0)
        // SAFETY: freed once, in deinit.
        guard let relay = unsafe clinux_relay_new(UInt32(capacity)) else { throw .current }
        unsafe self.relay = relay
        self.capacity = capacity
    }

    deinit {
        // SAFETY: made in init, and nothing refers to it any more.
        unsafe clinux_relay_free(relay)
    }

    /// Receives what waits; returns how many slots were filled, 0 when there is nothing.
    ///
    /// - Parameter telling: the socket was made ready by `prepareFlowListener`.
    package func receive(from socket: borrowing Socket, telling: Bool) throws(Errno) -> Int {
        let count = try syscallUnlessBlocking("recvmmsg") {
            // SAFETY: the kernel writes to the relay's own memory.
            unsafe clinux_relay_receive(relay, socket.descriptor.rawValue, telling ? 1 : 0)
        }
        return Int(count ?? 0)
    }

    /// Of a slot that was filled from a listener; nil: the kernel did not tell.
    package func flow(of slot: Int) -> DatagramFlow? {
        precondition(slot >= 0 && slot < capacity)
        var flow = clinux_flow()
        // SAFETY: filled in during the call.
        unsafe clinux_relay_flow(relay, UInt32(slot), &flow)
        return DatagramFlow(native: flow)
    }

    /// Datagrams in a slot that was filled.
    package func datagrams(in slot: Int) -> Int {
        precondition(slot >= 0 && slot < capacity)
        // SAFETY: the slot is one of the relay's.
        return unsafe Int(clinux_relay_datagrams(relay, UInt32(slot)))
    }

    package func chooseNone(canSegment: Bool) {
        // SAFETY: only the relay's own numbers change.
        unsafe clinux_relay_choose_none(relay, canSegment ? 1 : 0)
    }

    /// - Precondition: no slot is chosen twice.
    package func choose(_ slot: Int) {
        precondition(slot >= 0 && slot < capacity)
        // SAFETY: there is room for every slot once.
        unsafe clinux_relay_choose(relay, UInt32(slot))
    }

    /// Sends what is chosen, or is left of it, to the peer of a connected socket.
    package func send(to socket: borrowing Socket) -> Sent {
        var sent = clinux_relay_sent()
        // SAFETY: the kernel reads the relay's own memory; `sent` is filled in during the call.
        unsafe clinux_relay_send(relay, socket.descriptor.rawValue, &sent)
        return Sent(sent)
    }

    /// Sends what is chosen to the peer of a flow.
    ///
    /// - Parameter naming: the flow's local address is named as the source; else it is the socket's.
    package func sendBack(from socket: borrowing Socket, along flow: DatagramFlow, naming: Bool) -> Sent {
        var sent = clinux_relay_sent()
        var native = flow.native
        // SAFETY: the kernel reads the relay's own memory; both structures live for the call.
        unsafe clinux_relay_send_back(relay, socket.descriptor.rawValue, &native, naming ? 1 : 0, &sent)
        return Sent(sent)
    }
}

extension DatagramRelay {
    /// As `sendBack`, from the flow's local address and port where another program's socket has them (a server on every
    /// address with that port). A raw socket is opened for it, as it costs every datagram of the host a look: one batch.
    ///
    /// - Throws: without CAP_NET_RAW, or out of descriptors.
    package func sendBackRaw(along flow: DatagramFlow, mark: UInt32) throws(Errno) -> Sent {
        let raw = try syscall("socket") { clinux_raw_udp_socket(Int32(flow.family.rawValue)) }
        let descriptor = FileDescriptor(owning: raw)
        if mark != 0 {
            var value = mark
            try syscall("setsockopt") {
                // SAFETY: the kernel reads the four bytes of `value` during the call.
                unsafe setsockopt(raw, SOL_SOCKET, SO_MARK, &value, socklen_t(MemoryLayout<UInt32>.size))
            }
        }
        var sent = clinux_relay_sent()
        var native = flow.native
        // SAFETY: the kernel reads the relay's own memory; both structures live for the call.
        unsafe clinux_relay_send_raw(relay, raw, &native, &sent)
        withExtendedLifetime(descriptor) {}
        return Sent(sent)
    }
}

extension DatagramRelay.Sent {
    fileprivate init(_ native: clinux_relay_sent) {
        self.init(
            datagrams: Int(native.datagrams), bytes: Int(native.bytes), lost: Int(native.lost),
            error: native.error == 0 ? nil : Errno(rawValue: native.error), canSegment: native.can_segment != 0)
    }
}

extension Socket {
    /// Asks to be told the address and port that each datagram was sent to, which TPROXY leaves as they were.
    package func prepareFlowListener() throws(Errno) {
        try syscall("setsockopt") { clinux_prepare_flow_listener(descriptor.rawValue, Int32(family.rawValue)) }
    }

    /// Asks for the ICMP errors of a socket that is, or will be, connected (IP_RECVERR, ip(7)).
    package func prepareFlowBackend() throws(Errno) {
        try syscall("setsockopt") { clinux_prepare_flow_backend(descriptor.rawValue, Int32(family.rawValue)) }
    }

    /// Takes the next error that ICMP brought; nil when there is none. Until all are taken the socket counts as ready.
    package func takeICMPError() -> Errno? {
        let error = clinux_take_icmp_error(descriptor.rawValue)
        return error == 0 ? nil : Errno(rawValue: error)
    }
}

extension Socket {
    /// Binds to an address that no other socket has or may take over: neither SO_REUSEADDR nor SO_REUSEPORT.
    package func bindAlone(to address: SocketAddress) throws(Errno) {
        var native = address.native
        // SAFETY: the address is only read, during the call.
        try syscall("bind") { unsafe clinux_bind(descriptor.rawValue, &native) }
    }
}
