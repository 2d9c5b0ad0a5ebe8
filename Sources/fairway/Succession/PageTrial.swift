internal import Glibc
internal import LinuxSystem
internal import Netlink
internal import NetworkTypes
internal import Observability

/// Whether a page could be listened for once the predecessor has ended: its address is this host's and may be had, and nobody
/// but the predecessor has it.
struct PageTrial {
    let address: ListenAddress
    /// Its process; nil: there is none.
    let predecessor: Int32?

    /// - Throws: `ListenError`.
    func run() throws(ListenError) {
        for (index, host) in address.hosts.enumerated() {
            guard let host = IPAddress(host) else { continue }
            let place = SocketAddress(host, port: address.port)
            do throws(Errno) {
                try bind(place)
                return
            } catch {
                // As the listener does, which takes the next one then.
                let isMissing = error == .familyNotSupported || error == .addressNotAvailable
                if isMissing && index + 1 < address.hosts.count { continue }
                if error.rawValue != EADDRINUSE { throw failure(error) }
                try judgeListeners(at: place, error)
                return
            }
        }
    }

    /// Never listens, so that no client is answered by the attempt. An unspecified IPv6 address is IPv4's too, as for a page.
    private func bind(_ place: SocketAddress) throws(Errno) { try Socket(stream: place.address.family).bind(to: place) }

    /// The address is in use: whether that is over when the predecessor has ended. Where it cannot be told it is.
    private func judgeListeners(at place: SocketAddress, _ error: Errno) throws(ListenError) {
        guard let predecessor else { throw failure(error) }
        let sockets: [HostSocket]
        do throws(NetlinkError) { sockets = try SocketDiagnosis().receivers() } catch { return }
        let inTheWay = sockets.filter { $0.protocol == .tcp && $0.port.rawValue == place.port && Self.meet($0, place.address) }
        let owned: Set<UInt32>
        do throws(Errno) { owned = try SocketOwners.inodes(of: predecessor) } catch { return }
        let strange = inTheWay.filter { !owned.contains($0.inode) }
        // One that is bound and does not listen is not listed. The predecessor has none.
        if strange.isEmpty && !inTheWay.isEmpty { return }
        let owners = SocketOwners.find(Set(strange.map(\.inode)))
        throw failure(error, owners.values.min().map { ", by \($0)" } ?? "")
    }

    private static func meet(_ socket: HostSocket, _ address: IPAddress) -> Bool {
        if socket.takes(address) { return true }
        guard address.isUnspecified else { return false }
        return address.family == .ipv6 || socket.address.family == .ipv4
    }

    /// In the listener's own words.
    private func failure(_ error: Errno, _ more: String = "") -> ListenError {
        ListenError(
            code: .bindFailed(errno: error.rawValue), flag: address.flag, value: address.text,
            cause: "cannot listen: \(error) (errno: \(error.rawValue))\(more)")
    }
}
