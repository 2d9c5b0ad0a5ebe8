import CNetfilter
import Glibc
package import NetworkTypes

/// An address of an interface of this network namespace.
package struct NodeAddress: Sendable, Hashable {
    /// How far the address reaches (rtnetlink(7) `ifa_scope`).
    package enum Scope: Sendable, Hashable {
        case universe
        case site
        case link
        case host
        case other(UInt8)

        init(_ value: UInt8) {
            self =
                switch UInt32(value) {
                case RT_SCOPE_UNIVERSE.rawValue: .universe
                case RT_SCOPE_SITE.rawValue: .site
                case RT_SCOPE_LINK.rawValue: .link
                case RT_SCOPE_HOST.rawValue: .host
                default: .other(value)
                }
        }
    }

    package let address: IPAddress
    /// Length of the prefix on the link, in bits.
    package let prefixLength: Int
    package let interfaceIndex: UInt32
    package let interfaceName: String
    package let scope: Scope
    /// IFA_F_* of linux/if_addr.h.
    package let flags: UInt32

    package init(
        address: IPAddress, prefixLength: Int, interfaceIndex: UInt32, interfaceName: String, scope: Scope, flags: UInt32
    ) {
        self.address = address
        self.prefixLength = prefixLength
        self.interfaceIndex = interfaceIndex
        self.interfaceName = interfaceName
        self.scope = scope
        self.flags = flags
    }

    /// Whether the kernel is not yet sure that it may use the address, or knows that it may not
    /// (duplicate address detection, RFC 4862).
    package var isTentative: Bool { flags & UInt32(IFA_F_TENTATIVE | IFA_F_DADFAILED) != 0 }
}

/// The addresses of the network namespace of the thread that opened it, over rtnetlink.
///
/// Needs no privilege. Its calls block; run them on a dedicated thread.
package struct NodeAddresses: ~Copyable, Sendable {
    private let socket: NetlinkSocket

    package init() throws(NetlinkError) { socket = try NetlinkSocket(.route) }

    /// All addresses of both families, sorted.
    package func list() throws(NetlinkError) -> [NodeAddress] {
        let names = try interfaceNames()
        var addresses: [NodeAddress] = []
        try dump(Int32(RTM_GETADDR), doing: "list addresses", restart: { addresses = [] }) { header, payload in
            guard Int32(header.type) == Int32(RTM_NEWADDR) else { return }
            if let address = NodeAddresses.address(payload, names: names) { addresses.append(address) }
        }
        return addresses.sorted { ($0.address, $0.interfaceIndex) < ($1.address, $1.interfaceIndex) }
    }

    /// Names of the interfaces by index.
    func interfaceNames() throws(NetlinkError) -> [UInt32: String] {
        var names: [UInt32: String] = [:]
        try dump(Int32(RTM_GETLINK), doing: "list interfaces", restart: { names = [:] }) { header, payload in
            // struct ifinfomsg: the index is at byte 4, attributes begin at 16.
            guard Int32(header.type) == Int32(RTM_NEWLINK), payload.byteCount >= 16,
                let index = payload.integer(at: 4, as: Int32.self),
                let name = payload.range(ofAttribute: IFLA_IFNAME, in: 16..<payload.byteCount)
            else { return }
            names[UInt32(bitPattern: index)] = payload.extracting(name).text
        }
        return names
    }

    /// Sends one request and takes its acknowledgement.
    func perform(_ request: borrowing NetlinkWriter, doing: String, object: String) throws(NetlinkError) {
        try socket.perform(request, doing: doing, object: object)
    }

    /// - Parameter head: a struct ifinfomsg, ifaddrmsg, rtmsg or tcmsg; AF_UNSPEC unless it says more.
    func dump(
        _ type: Int32, head: [UInt8] = [UInt8](repeating: 0, count: 16), doing: String, restart: () -> Void,
        _ body: (NetlinkMessageHeader, RawSpan) throws(NetlinkError) -> Void
    ) throws(NetlinkError) {
        var writer = NetlinkWriter(capacity: 64)
        let start = writer.beginMessage(
            type: UInt16(type), flags: UInt16(NLM_F_REQUEST | NLM_F_DUMP), sequence: 1)
        writer.append(head)
        writer.endMessage(at: start)
        try socket.dump(writer, doing: doing, restart: restart, body)
    }

    /// Reads a struct ifaddrmsg: family, prefix length, flags, scope, then the index; attributes at 8.
    private static func address(_ payload: RawSpan, names: [UInt32: String]) -> NodeAddress? {
        guard payload.byteCount >= 8, let prefixLength = payload.integer(at: 1, as: UInt8.self),
            let shortFlags = payload.integer(at: 2, as: UInt8.self),
            let scope = payload.integer(at: 3, as: UInt8.self), let index = payload.integer(at: 4, as: UInt32.self)
        else { return nil }
        var local: IPAddress?
        var remote: IPAddress?
        var flags = UInt32(shortFlags)
        payload.forEachAttribute(from: 8) { type, value in
            switch type {
            case IFA_LOCAL: local = IPAddress(networkBytes: value.array)
            case IFA_ADDRESS: remote = IPAddress(networkBytes: value.array)
            case IFA_FLAGS: flags = value.integer(at: 0, as: UInt32.self) ?? flags
            default: break
            }
        }
        // On a point-to-point link IFA_ADDRESS is the peer's; IFA_LOCAL is ours where it is given.
        guard let address = local ?? remote else { return nil }
        return NodeAddress(
            address: address, prefixLength: Int(prefixLength), interfaceIndex: index, interfaceName: names[index] ?? "",
            scope: NodeAddress.Scope(scope), flags: flags)
    }
}
