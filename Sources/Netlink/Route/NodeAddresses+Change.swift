import CNetfilter
import Glibc
package import NetworkTypes

/// Interfaces and addresses that this process makes. All of it needs CAP_NET_ADMIN.
extension NodeAddresses {
    /// The index of the interface of this name; nil when there is none.
    package func interfaceIndex(_ name: String) throws(NetlinkError) -> UInt32? {
        try interfaceNames().first { $0.value == name }?.key
    }

    /// Sets an interface up that is to carry addresses and nothing else: its queue is `queueLength` packets
    /// long, and it gets no link-local IPv6 address of the kernel's.
    package func setUpCarrier(ofAddresses name: String, index: UInt32, queueLength: UInt32) throws(NetlinkError) {
        let doing = "set interface up"
        do throws(NetlinkError) {
            try changeLink(index, doing: "configure interface", name) { writer in
                let families = writer.beginNest(IFLA_AF_SPEC)
                let ipv6 = writer.beginNest(Int(AF_INET6))
                // IN6_ADDR_GEN_MODE_NONE of linux/if_link.h.
                writer.put(IFLA_INET6_ADDR_GEN_MODE, [1])
                writer.endNest(at: ipv6)
                writer.endNest(at: families)
            }
        } catch {
            // A host without IPv6 has no such setting, nor the address.
            guard error.code == .unsupported else { throw error }
        }
        try changeLink(index, up: true, doing: doing, name) { $0.put(IFLA_TXQLEN, hostOrder: queueLength) }
    }

    /// Removes an interface with all its addresses.
    package func removeLink(_ index: UInt32, name: String) throws(NetlinkError) {
        var writer = NetlinkWriter(capacity: 64)
        let start = writer.beginMessage(type: UInt16(RTM_DELLINK), flags: UInt16(NLM_F_REQUEST | NLM_F_ACK), sequence: 1)
        // struct ifinfomsg: family, padding, type; index; flags; which of the flags are meant.
        for word in [0, index, 0, 0] { writer.append(hostOrder: word) }
        writer.endMessage(at: start)
        try perform(writer, doing: "remove interface", object: name)
    }

    private func changeLink(
        _ index: UInt32, up: Bool = false, doing: String, _ name: String, _ attributes: (inout NetlinkWriter) -> Void
    ) throws(NetlinkError) {
        var writer = NetlinkWriter(capacity: 128)
        let start = writer.beginMessage(
            type: UInt16(RTM_NEWLINK), flags: UInt16(NLM_F_REQUEST | NLM_F_ACK), sequence: 1)
        // struct ifinfomsg: family, padding, type; index; flags; which of the flags are meant.
        let flags = up ? UInt32(IFF_UP) : 0
        for word in [0, index, flags, flags] { writer.append(hostOrder: word) }
        attributes(&writer)
        writer.endMessage(at: start)
        try perform(writer, doing: doing, object: name)
    }

    /// Makes `address` one of this host's, alone on its link (/32 or /128), on the interface of that index.
    ///
    /// It is there to be asked, not to ask from: the kernel never picks it as the source of what goes
    /// elsewhere, for an IPv4 address has the scope of the host (`inet_select_addr`), and an IPv6 address is
    /// deprecated (RFC 6724 section 5, rule 3). It is usable at once, without duplicate address detection.
    ///
    /// - Throws: `.exists` when the interface has it.
    package func add(_ address: IPAddress, toInterface index: UInt32) throws(NetlinkError) {
        try changeAddress(
            RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, address, index, doing: "add address") { writer in
                guard address.family == .ipv6 else { return }
                writer.put(IFA_FLAGS, hostOrder: UInt32(IFA_F_NODAD | IFA_F_NOPREFIXROUTE))
                // struct ifa_cacheinfo: preferred for 0 s, valid for ever; two times that the kernel sets.
                let lifetimes: [UInt32] = [0, .max, 0, 0]
                writer.put(IFA_CACHEINFO, lifetimes.flatMap { NodeAddresses.hostBytes($0) })
            }
    }

    /// Takes such an address away.
    ///
    /// - Throws: `.notFound` when the interface does not have it (EADDRNOTAVAIL).
    package func remove(_ address: IPAddress, fromInterface index: UInt32) throws(NetlinkError) {
        do throws(NetlinkError) {
            try changeAddress(RTM_DELADDR, 0, address, index, doing: "remove address") { _ in }
        } catch {
            guard error.errno == EADDRNOTAVAIL else { throw error }
            throw NetlinkError(.notFound, doing: error.doing, errno: error.errno, object: error.object)
        }
    }

    private func changeAddress(
        _ type: Int, _ flags: Int32, _ address: IPAddress, _ index: UInt32, doing: String,
        _ attributes: (inout NetlinkWriter) -> Void
    ) throws(NetlinkError) {
        var writer = NetlinkWriter(capacity: 128)
        let start = writer.beginMessage(
            type: UInt16(type), flags: UInt16(NLM_F_REQUEST | NLM_F_ACK | flags), sequence: 1)
        let bytes = address.networkBytes
        let family = UInt8(address.family == .ipv4 ? AF_INET : AF_INET6)
        let scope = address.family == .ipv4 ? UInt8(RT_SCOPE_HOST.rawValue) : UInt8(RT_SCOPE_UNIVERSE.rawValue)
        // struct ifaddrmsg: family, prefix length, flags, scope; index.
        writer.append([family, UInt8(bytes.count * 8), 0, scope])
        writer.append(hostOrder: index)
        writer.put(IFA_LOCAL, bytes)
        writer.put(IFA_ADDRESS, bytes)
        attributes(&writer)
        writer.endMessage(at: start)
        try perform(writer, doing: doing, object: "\(address)")
    }

    static func hostBytes(_ value: UInt32) -> [UInt8] {
        // SAFETY: the four bytes of an integer are copied while it lives.
        unsafe withUnsafeBytes(of: value) { unsafe Array($0) }
    }
}
