package import DNSWire
internal import FoundationEssentials
internal import Glibc
package import LinuxSystem
internal import NetworkNamespaceTesting
internal import NetworkTypes
internal import Synchronization

/// A validating resolver's resolver half: Unbound before a server, strict about names (RFC 8020, RFC 9156).
package final class Unbound: Sendable {
    /// How it asks: as a resolver asks an authority, from the top and label by label, or as it asks a resolver.
    package enum Way: String, Sendable, CaseIterable {
        case stub
        case forward
    }

    package let address: SocketAddress
    private let process: RunningProcess
    private let folder: String
    private static let counter = Atomic<Int>(0)

    private init(_ address: SocketAddress, _ process: RunningProcess, folder: String) {
        self.address = address
        self.process = process
        self.folder = folder
    }

    deinit { close() }

    /// Starts it on a free port of 127.0.0.1 with these zones sent to `server`.
    package static func start(_ way: Way, zones: [DomainName], server: SocketAddress) async throws -> Unbound {
        guard let path = toolPath("unbound") else { throw TestSupportError("no program unbound") }
        let number = counter.add(1, ordering: .relaxed).newValue
        let folder = "/tmp/fairway-unbound-\(getpid())-\(number)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let port = try freePort()
        let file = "\(folder)/unbound.conf"
        try configuration(way, zones, server, port: port, folder: folder)
            .write(toFile: file, atomically: false, encoding: .utf8)
        let process = try RunningProcess(ProcessRequest(path: path, arguments: ["-d", "-p", "-v", "-c", file]))
        try await process.waitForLine(containing: "start of service")
        return Unbound(SocketAddress(IPAddress(v4: 0x7F00_0001), port: port), process, folder: folder)
    }

    package func close() {
        process.close()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// A port that was free for UDP just now: Unbound cannot be told to choose.
    private static func freePort() throws -> UInt16 {
        let socket = try Socket(.datagram, .ipv4)
        try socket.bind(to: SocketAddress(IPAddress(v4: 0x7F00_0001), port: 0))
        return try socket.localAddress().port
    }

    private static func configuration(
        _ way: Way, _ zones: [DomainName], _ server: SocketAddress, port: UInt16, folder: String
    ) -> String {
        let names = zones.map { zone in
            """
            \(way)-zone:
              name: "\(zone)"
              \(way)-addr: \(server.address)@\(server.port)
            """
        }
        return """
            server:
              interface: 127.0.0.1
              port: \(port)
              do-daemonize: no
              use-syslog: no
              chroot: ""
              username: ""
              directory: "\(folder)"
              pidfile: ""
              num-threads: 1
              module-config: "iterator"
              do-not-query-localhost: no
              qname-minimisation: yes
              qname-minimisation-strict: yes
              harden-below-nxdomain: yes
              harden-referral-path: no
              use-caps-for-id: yes
              unblock-lan-zones: yes
              insecure-lan-zones: yes
              aggressive-nsec: yes
            remote-control:
              control-enable: no
            \(names.joined(separator: "\n"))
            # Nothing is asked outside of this machine.
            forward-zone:
              name: "."
              forward-addr: \(server.address)@\(server.port)

            """
    }
}
