import Glibc
import LinuxSystem

/// Many clients, one after the other: each sends a little and has it back before the next comes, and all stay. Prints
/// `held COUNT`, and with SIGTERM ends every connection, reads its end and prints `ended COUNT`.
enum Crowd {
    private static let message = [UInt8](repeating: 0x66, count: 1000)

    private final class Client {
        let socket: Socket

        init(to address: SocketAddress) throws {
            socket = try Socket(.stream, address.family)
            let isConnected = try socket.connect(to: address)
            if !isConnected { try wait(.writable) }
        }

        func wait(_ interest: Epoll.Interest) throws {
            let epoll = try Epoll()
            try epoll.add(socket.descriptor.rawValue, interest, token: 0)
            if try epoll.wait(timeout: .seconds(20)).isEmpty { throw UsageError(description: "nothing came for 20 s") }
        }

        /// Reads so many bytes, or less where the end comes before.
        func read(_ wanted: Int, _ buffer: inout [UInt8]) throws -> Int {
            var count = 0
            while count < wanted {
                guard let more = try socket.receive(into: &buffer) else {
                    try wait(.readable)
                    continue
                }
                if more == 0 { break }
                count += more
            }
            return count
        }
    }

    static func run(_ words: ArraySlice<String>) throws {
        guard words.count == 2, let address = words.first.flatMap({ SocketAddress($0) }),
            let count = words.last.flatMap({ Int($0) })
        else { throw UsageError(description: "relay-process clients ADDRESS COUNT") }
        _ = try DescriptorLimit.raise()
        let signals = try SignalDescriptor([SIGTERM])
        var buffer = [UInt8](repeating: 0, count: message.count)
        let clients = try (0..<count).map { _ in
            let client = try Client(to: address)
            _ = try client.socket.send(message.span)
            let back = try client.read(message.count, &buffer)
            guard back == message.count, buffer.allSatisfy({ $0 == 0x66 }) else {
                throw UsageError(description: "\(back) bytes came back")
            }
            return client
        }
        say("held \(clients.count)")
        let epoll = try Epoll()
        try epoll.add(signals.rawValue, .readable, token: 0)
        _ = try epoll.wait()
        var ended = 0
        for client in clients {
            try client.socket.shutdownSending()
            if try client.read(1, &buffer) == 0 { ended += 1 }
        }
        say("ended \(ended)")
    }
}
