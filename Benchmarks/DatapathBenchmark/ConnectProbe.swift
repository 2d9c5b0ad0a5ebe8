import ArgumentParser
import FoundationEssentials
import LinuxSystem
import NetworkTypes

/// Opens connections one after the other and prints how long each took from connect() until it stood.
struct ConnectProbe: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "What a client of the measurement runs.", shouldDisplay: false)

    @Argument var address: String
    @Argument var port: UInt16
    @Argument var count: Int

    func run() throws {
        guard let address = IPAddress(address) else { throw ValidationError("\(address): expected an address") }
        var microseconds: [Double] = []
        microseconds.reserveCapacity(count)
        let epoll = try Epoll()
        for _ in 0..<count {
            let socket = try Socket(.stream, address.family)
            let started = ContinuousClock.now
            if try !socket.connect(to: SocketAddress(address, port: port)) {
                try epoll.add(socket.descriptor.rawValue, .writable, token: 0)
                _ = try epoll.wait(timeout: .seconds(5))
                if let error = try socket.takeError() { throw error }
            }
            microseconds.append((ContinuousClock.now - started).microseconds)
        }
        print(String(decoding: try JSONEncoder().encode(Latency(of: microseconds)), as: UTF8.self))
    }
}

extension Duration {
    var microseconds: Double { Double(components.seconds) * 1e6 + Double(components.attoseconds) / 1e12 }
}
