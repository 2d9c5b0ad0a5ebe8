import Glibc
import LinuxSystem
import NetworkTypes
import Synchronization

/// One end of a connection, for blocking use by threads of tests; each wait has an end.
final class TestStream: Sendable {
    private let socket: Mutex<Socket?>
    private let descriptor: Int32

    static let patience: Int32 = 20_000

    init(_ socket: consuming Socket) {
        descriptor = socket.descriptor.rawValue
        self.socket = Mutex(socket)
    }

    /// Begins to connect, and waits for the outcome.
    convenience init(to address: SocketAddress, from source: IPAddress? = nil) throws {
        let socket = try Socket(.stream, address.family)
        if let source { try socket.bindWithoutPort(to: source) }
        let isConnected = try socket.connect(to: address)
        self.init(socket)
        guard !isConnected else { return }
        try wait(for: Int16(POLLOUT))
        if let error = try takeError() { throw error }
    }

    func takeError() throws -> Errno? { try perform { (socket) throws(Errno) in try socket.takeError() } }

    /// Writes as much as is taken now.
    func writeSome(_ bytes: ArraySlice<UInt8>) throws(Errno) -> Int {
        let copy = Array(bytes)
        return try perform { (socket) throws(Errno) in try socket.send(copy.span) ?? 0 }
    }

    func write(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = try writeSome(rest)
            rest = rest.dropFirst(count)
            if count == 0 { try wait(for: Int16(POLLOUT)) }
        }
    }

    func write(_ text: String) throws { try write(Array(text.utf8)) }

    /// What there is now; nil: nothing, empty: the end.
    func readSome(limit: Int = 65536) throws(Errno) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: limit)
        let count = try perform { (socket) throws(Errno) in try socket.receive(into: &buffer) }
        return count.map { Array(buffer[..<$0]) }
    }

    /// Waits for the next bytes; empty: the end.
    func read(limit: Int = 65536) throws -> [UInt8] {
        while true {
            if let bytes = try readSome(limit: limit) { return bytes }
            try wait(for: Int16(POLLIN))
        }
    }

    func read(exactly count: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let more = try read(limit: count - bytes.count)
            if more.isEmpty { throw TestFailure("the end after \(bytes.count) of \(count) bytes") }
            bytes += more
        }
        return bytes
    }

    func readToEnd() throws -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let more = try read()
            if more.isEmpty { return bytes }
            bytes += more
        }
    }

    /// Reads until the connection ends; nil: with its end, else with this error.
    func readToError() throws -> Errno? {
        do {
            _ = try readToEnd()
            return nil
        } catch let error as Errno {
            return error
        }
    }

    /// How the connection of a client that only listens ends, which may be before it has begun.
    static func errorOfClient(of address: SocketAddress) throws -> Errno? {
        do {
            return try TestStream(to: address).readToError()
        } catch let error as Errno {
            return error
        }
    }

    func end() throws { try perform { (socket) throws(Errno) in try socket.shutdownSending() } }

    func reset() {
        socket.withLock { socket in
            if let taken = socket.take() { try? taken.resetOnClose() }
        }
    }

    func close() { socket.withLock { $0 = nil } }

    func sendUrgent(_ byte: UInt8) throws {
        var byte = byte
        // SAFETY: the kernel reads one byte during the call.
        try syscall("send") { unsafe send(descriptor, &byte, 1, Int32(MSG_OOB)) }
    }

    private func perform<T>(_ body: (borrowing Socket) throws(Errno) -> T) throws(Errno) -> T {
        let result = socket.withLock { socket in
            guard let taken = socket.take() else { return Result<T, Errno>.failure(.brokenPipe) }
            let result: Result<T, Errno>
            do throws(Errno) { result = .success(try body(taken)) } catch { result = .failure(error) }
            socket = consume taken
            return result
        }
        return try result.get()
    }

    func wait(for events: Int16) throws {
        try awaitReadiness(descriptor, events)
    }
}

func awaitReadiness(_ descriptor: Int32, _ events: Int16) throws {
    var request = pollfd(fd: descriptor, events: events, revents: 0)
    // SAFETY: the kernel reads and writes one pollfd during the call.
    let count = try syscall("poll") { unsafe poll(&request, 1, TestStream.patience) }
    if count == 0 { throw TestFailure("nothing happened for \(TestStream.patience) ms") }
}

struct TestFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
