import CNetfilter
import Glibc
package import NetworkTypes

/// A network interface of this network namespace.
package struct NetworkLink: Sendable, Hashable {
    package let index: UInt32
    package let name: String
    /// Index of the bridge or bond that it is a port of.
    package let masterIndex: UInt32?
    package let isLoopback: Bool
    /// ARPHRD_* of linux/if_arp.h: what its link-layer headers are.
    package let hardwareType: UInt16

    /// ARPHRD_ETHER.
    package static let ethernet: UInt16 = 1

    package init(
        index: UInt32, name: String, masterIndex: UInt32? = nil, isLoopback: Bool = false,
        hardwareType: UInt16 = NetworkLink.ethernet
    ) {
        self.index = index
        self.name = name
        self.masterIndex = masterIndex
        self.isLoopback = isLoopback
        self.hardwareType = hardwareType
    }

    /// Not so of tun, wireguard, ppp and tunnels of IP, whose packets begin with the IP header. Loopback's have one.
    package var hasEthernetHeaders: Bool { hardwareType == Self.ethernet || isLoopback }
}

extension NodeAddresses {
    /// All interfaces, by index. O(interfaces).
    package func links() throws(NetlinkError) -> [NetworkLink] {
        var links: [NetworkLink] = []
        try dump(Int32(RTM_GETLINK), doing: "list interfaces", restart: { links = [] }) { header, payload in
            guard Int32(header.type) == Int32(RTM_NEWLINK), let link = NetworkLink(payload) else { return }
            links.append(link)
        }
        return links.sorted { $0.index < $1.index }
    }

    /// Index of the interface that the default route of the main table leaves by, the one of least metric; nil
    /// when there is none.
    package func defaultRouteInterface(_ family: IPFamily) throws(NetlinkError) -> UInt32? {
        var best: (metric: UInt32, index: UInt32)?
        // struct rtmsg: family first, then zeros.
        let head = [UInt8(family == .ipv4 ? AF_INET : AF_INET6)] + [UInt8](repeating: 0, count: 11)
        try dump(Int32(RTM_GETROUTE), head: head, doing: "list routes", restart: { best = nil }) { header, payload in
            guard Int32(header.type) == Int32(RTM_NEWROUTE), let route = DefaultRoute(payload) else { return }
            if route.metric < best?.metric ?? .max { best = (route.metric, route.index) }
        }
        return best?.index
    }
}

extension NetworkLink {
    /// Reads a struct ifinfomsg: the type at byte 2, the index at 4, flags at 8, attributes from 16 on.
    init?(_ payload: RawSpan) {
        guard payload.byteCount >= 16, let type = payload.integer(at: 2, as: UInt16.self),
            let index = payload.integer(at: 4, as: UInt32.self),
            let flags = payload.integer(at: 8, as: UInt32.self)
        else { return nil }
        var name: String?
        var master: UInt32?
        payload.forEachAttribute(from: 16) { type, value in
            switch type {
            case IFLA_IFNAME: name = value.text
            case IFLA_MASTER: master = value.integer(at: 0, as: UInt32.self)
            default: break
            }
        }
        guard let name else { return nil }
        self.init(
            index: index, name: name, masterIndex: master, isLoopback: flags & UInt32(IFF_LOOPBACK) != 0,
            hardwareType: type)
    }
}

/// A route to everywhere of the main table.
private struct DefaultRoute {
    let index: UInt32
    let metric: UInt32

    /// Reads a struct rtmsg: length of the destination at byte 1, table at 4, type at 7, attributes from 12 on.
    init?(_ payload: RawSpan) {
        guard payload.byteCount >= 12, payload.integer(at: 1, as: UInt8.self) == 0,
            payload.integer(at: 4, as: UInt8.self).map(Int.init) == Int(RT_TABLE_MAIN.rawValue),
            payload.integer(at: 7, as: UInt8.self).map(Int.init) == RTN_UNICAST
        else { return nil }
        var index: UInt32?
        var metric: UInt32 = 0
        payload.forEachAttribute(from: 12) { type, value in
            switch UInt32(type) {
            case RTA_OIF.rawValue: index = value.integer(at: 0, as: UInt32.self)
            case RTA_PRIORITY.rawValue: metric = value.integer(at: 0, as: UInt32.self) ?? 0
            // struct rtnexthop: the interface's index at byte 4; the first of several.
            case RTA_MULTIPATH.rawValue: index = value.integer(at: 4, as: UInt32.self)
            default: break
            }
        }
        guard let index else { return nil }
        self.index = index
        self.metric = metric
    }
}
