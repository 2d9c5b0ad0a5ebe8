import Glibc
import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Synchronization

@testable import Relay

/// A datagram socket of a test: a client, or a backend.
final class TestPeer: Sendable {
    struct Received: Hashable, Sendable {
        let bytes: [UInt8]
        let from: SocketAddress
    }

    let socket: Socket
    let address: SocketAddress
    private let buffer = Mutex([UInt8](repeating: 0, count: 1 << 16))

    /// Bound to `address`, by default a free port of loopback.
    init(at address: SocketAddress? = nil, _ family: IPFamily = .ipv4, connectedTo peer: SocketAddress? = nil) throws {
        let socket = try Socket(.datagram, family)
        let loopback = IPAddress(bits: family == .ipv4 ? 0x7F00_0001 : 1, family: family)
        try socket.bindAlone(to: address ?? SocketAddress(loopback, port: 0))
        try? socket.setReceiveBuffer(byteCount: 8 << 20)
        if let peer { _ = try socket.connect(to: peer) }
        self.address = try socket.localAddress()
        self.socket = socket
    }

    private static let quiet = Atomic<UInt16>(UInt16.random(in: 0..<8000))

    /// At a port that no test gets by asking for any: below those, as a port that is closed is to stay so.
    static func atQuietPort(_ family: IPFamily = .ipv4) throws -> TestPeer {
        for _ in 0..<1000 {
            let port = 10_000 + quiet.add(1, ordering: .relaxed).newValue % 20_000
            let loopback = IPAddress(bits: family == .ipv4 ? 0x7F00_0001 : 1, family: family)
            if let peer = try? TestPeer(at: SocketAddress(loopback, port: port), family) { return peer }
        }
        throw TestSupportError("no port is free")
    }

    /// Where nobody listens, also no program that another test starts, which has what was closed open until it executes.
    static func closedAddress() throws -> SocketAddress {
        let address = try atQuietPort().address
        let probe = try TestPeer(connectedTo: address)
        for _ in 0..<100_000 {
            do throws(Errno) {
                try probe.send([0])
                _ = try probe.receive()
            } catch { return address }
        }
        throw TestSupportError("\(address) stays open")
    }

    /// Over the connection.
    func send(_ bytes: [UInt8]) throws(Errno) { _ = try socket.send(bytes.span) }

    func send(_ bytes: [UInt8], to peer: SocketAddress) throws {
        _ = try socket.sendDatagram(bytes.span, along: DatagramPath(peer: peer, local: nil))
    }

    /// Many of one size with one call, as a sender of bulk does (UDP_SEGMENT).
    func send(_ bytes: [UInt8], inSegmentsOf size: Int32) throws {
        try socket.set(Int32(IPPROTO_UDP), 103, size)
        defer { try? socket.set(Int32(IPPROTO_UDP), 103, 0) }
        try send(bytes)
    }

    func receive() throws(Errno) -> Received? {
        try buffer.withLock { (buffer) throws(Errno) -> Received? in
            guard let datagram = try socket.receiveDatagram(into: &buffer) else { return nil }
            return Received(bytes: Array(buffer[..<datagram.byteCount]), from: datagram.path.peer)
        }
    }

    func receiveAll() throws -> [Received] {
        var all: [Received] = []
        while let next = try receive() { all.append(next) }
        return all
    }

    /// Sends everything that waits back to where it came from.
    @discardableResult func echo() throws -> [Received] {
        let all = try receiveAll()
        for one in all { try send(one.bytes, to: one.from) }
        return all
    }
}
