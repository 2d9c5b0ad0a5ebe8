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
            let taken = (ContinuousClock.now - started).components
            microseconds.append(Double(taken.seconds) * 1e6 + Double(taken.attoseconds) / 1e12)
        }
        let latency = Latency(
            p50: microseconds.percentile(0.5), p99: microseconds.percentile(0.99), p999: microseconds.percentile(0.999))
        print(String(decoding: try JSONEncoder().encode(latency), as: UTF8.self))
    }
}
