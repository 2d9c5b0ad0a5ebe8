internal import BPF
internal import CBPFMaps
internal import LinuxSystem
internal import Netlink
internal import NetworkTypes
internal import Synchronization

/// Sockets that were sent to a backend which is gone: those of connected UDP get an error, for nobody would ever
/// answer them; those of TCP are reset when that was asked for.
struct GoneSockets {
    /// One socket, as the kernel's programs remember it.
    private struct Held: Sendable, Hashable {
        let cookie: UInt64
        let `protocol`: TransportProtocol
        let port: PortNumber
    }

    private let engine: BPFEngine

    init(_ engine: BPFEngine) { self.engine = engine }

    /// O(sockets that were balanced), and of the namespaces that hold those of the backends, O(their sockets).
    func close(of backends: Set<UInt32>) {
        do {
            let held = try find(backends)
            if held.isEmpty { return }
            let notify = engine.notify
            let found = try NetworkNamespaceSearch.visit(cookies: Set(held.keys)) { namespace in
                do {
                    try Self.close(held[namespace] ?? [])
                } catch {
                    notify(.warning("sockets to backends that are gone stay open: \(error)"))
                }
            }
            if found.count < held.count { notify(.info("\(held.count - found.count) network namespaces were not found")) }
        } catch {
            engine.notify(.warning("sockets to backends that are gone stay open: \(error)"))
        }
    }

    /// By namespace.
    private func find(_ backends: Set<UInt32>) throws -> [UInt64: Set<Held>] {
        var held: [UInt64: Set<Held>] = [:]
        let closesTCP = engine.options.closesStaleConnections
        try engine.state.maps.sockets.forEach { cookie, socket in
            guard backends.contains(socket.backend), let transport = TransportProtocol(rawValue: socket.protocol),
                transport == .udp || (transport == .tcp && closesTCP),
                let port = PortNumber(rawValue: UInt16(bigEndian: socket.peer_port))
            else { return true }
            held[socket.namespace_cookie, default: []].insert(Held(cookie: cookie, protocol: transport, port: port))
            return true
        }
        return held
    }

    /// In the calling thread's namespace. An IPv6 socket may be connected to an IPv4 backend.
    private static func close(_ sockets: Set<Held>) throws(NetlinkError) {
        let destroyer = try SocketDestroy()
        for (port, of) in Dictionary(grouping: sockets, by: \.port) {
            for transport in [TransportProtocol.tcp, .udp] {
                let cookies = Set(of.filter { $0.protocol == transport }.map(\.cookie))
                if cookies.isEmpty { continue }
                for family in IPFamily.allCases {
                    _ = try destroyer.destroy(cookies: cookies, transport, family, connectedTo: port)
                }
            }
        }
    }
}
