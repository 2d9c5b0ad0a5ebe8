private import CLinux

/// Memory for datagrams that arrive and are answered many at a time, allocated once (recvmmsg(2), sendmmsg(2)).
@safe package final class DatagramBatch {
    private let batch: OpaquePointer
    package let capacity: Int
    /// Bytes of a datagram at most: longer ones count as empty.
    package let requestByteLimit: Int
    package let responseByteLimit: Int

    package init(capacity: Int, requestByteLimit: Int, responseByteLimit: Int) throws(Errno) {
        precondition(capacity > 0 && requestByteLimit > 0 && responseByteLimit > 0)
        // SAFETY: freed once, in deinit.
        guard
            let batch = unsafe clinux_datagrams_new(UInt32(capacity), requestByteLimit, responseByteLimit)
        else { throw .current }
        unsafe self.batch = batch
        self.capacity = capacity
        self.requestByteLimit = requestByteLimit
        self.responseByteLimit = responseByteLimit
    }

    deinit {
        // SAFETY: made in init, and nothing refers to it any more.
        unsafe clinux_datagrams_free(batch)
    }

    /// Receives what waits at a socket, at most `capacity`; 0 when there is nothing.
    ///
    /// - Parameter telling: the socket tells local addresses (`Socket.tellLocalAddresses`).
    package func receive(from socket: borrowing Socket, telling: Bool) throws(Errno) -> Int {
        let count = try syscallUnlessBlocking("recvmmsg") {
            // SAFETY: the kernel writes to the batch's own memory.
            unsafe clinux_datagrams_receive(batch, socket.descriptor.rawValue, telling ? 1 : 0)
        }
        return Int(count ?? 0)
    }

    /// Shows the first `count` datagrams.
    @inline(__always) package func forEachRequest(first count: Int, _ body: (RawSpan) -> Void) {
        precondition(count >= 0 && count <= capacity)
        for index in 0..<count {
            var byteCount = 0
            // SAFETY: the slot's memory lies in the batch, with the size given to init; the span ends with the call.
            let request = unsafe clinux_datagrams_request(batch, UInt32(index), &byteCount)
            unsafe body(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(start: request, count: byteCount)))
        }
    }

    /// Lets `body` write the responses to the first `count` datagrams; it says how many bytes each has, 0 for none.
    @inline(__always) package func respond(
        toFirst count: Int, _ body: (_ index: Int, RawSpan, inout MutableRawSpan) -> Int
    ) {
        precondition(count >= 0 && count <= capacity)
        for index in 0..<count {
            var byteCount = 0
            // SAFETY: each slot's memory lies in the batch, with the sizes given to init; the spans end with the call.
            let request = unsafe clinux_datagrams_request(batch, UInt32(index), &byteCount)
            let input = unsafe UnsafeRawBufferPointer(start: request, count: byteCount)
            let output = unsafe UnsafeMutableRawBufferPointer(
                start: clinux_datagrams_response(batch, UInt32(index)), count: responseByteLimit)
            var response = unsafe MutableRawSpan(_unsafeBytes: output)
            let written = unsafe body(index, RawSpan(_unsafeBytes: input), &response)
            precondition(written >= 0 && written <= responseByteLimit)
            unsafe clinux_datagrams_set_response(batch, UInt32(index), UInt32(written))
        }
    }

    /// Where a datagram came from, and to which address.
    package func path(of index: Int) -> DatagramPath? {
        precondition(index >= 0 && index < capacity)
        var (peer, local) = (clinux_address(), clinux_address())
        // SAFETY: both are filled in during the call.
        unsafe clinux_datagrams_path(batch, UInt32(index), &peer, &local)
        guard let peer = SocketAddress(native: peer) else { return nil }
        return DatagramPath(peer: peer, local: SocketAddress(native: local)?.address)
    }

    /// Sends the responses to the first `count` datagrams; returns how many the kernel refused.
    package func send(first count: Int, from socket: borrowing Socket) -> Int {
        precondition(count >= 0 && count <= capacity)
        // SAFETY: the kernel reads the batch's own memory.
        return unsafe Int(clinux_datagrams_send(batch, socket.descriptor.rawValue, UInt32(count)))
    }
}

extension Socket {
    /// Binds beside the sockets of other threads and processes of the same user, which then share what arrives
    /// (SO_REUSEPORT, socket(7)). An address that somebody else has is refused.
    package func bindShared(to address: SocketAddress) throws(Errno) {
        var native = address.native
        // SAFETY: the address is only read, during the call.
        try syscall("bind") { unsafe clinux_bind_shared(descriptor.rawValue, &native) }
    }

    /// Asks for room for that many bytes of datagrams that wait; the kernel may give less.
    package func setReceiveBuffer(byteCount: Int) throws(Errno) {
        try syscall("setsockopt") {
            clinux_set_receive_buffer(descriptor.rawValue, Int32(clamping: byteCount))
        }
    }
}
