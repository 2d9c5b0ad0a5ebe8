internal import Netlink
internal import NetworkTypes

/// The nftables table of one family that keeps connection tracking, and so translation, away from what goes
/// to and comes from a server at a local address.
///
/// Each rule asks first whether the address is local. While it is, packets to the server are untracked, and
/// the Service's translation never sees them: NAT passes untracked packets by (nf_nat_core.c,
/// `nf_nat_inet_fn`). When it is not, because the interface that carried it went with its process, the same
/// rules match nothing, packets are tracked, and the Service's translation sends them to its other
/// endpoints. So what a killed process leaves behind is harmless, and nobody has to notice its end.
///
/// Questions and answers have a set each, so that a server that ends can have new questions go elsewhere
/// while it still answers those it has: an answer that was tracked would begin a flow, and the client's next
/// question from the same port would be taken for that flow's reply and not be translated.
struct LocalTable {
    static let name = "fairway-dns"

    enum SetName {
        static let questions = "local-questions"
        static let answers = "local-answers"
    }

    private enum ChainName {
        static let prerouting = "notrack-prerouting"
        static let output = "notrack-output"
    }

    /// Before connection tracking (NF_IP_PRI_RAW of linux/netfilter_ipv4.h; -200 is NF_IP_PRI_CONNTRACK).
    private static let priority: Int32 = -300

    let family: NftablesFamily

    var table: NftablesTable {
        NftablesTable(family: family, name: Self.name, comment: "what this node answers itself, kept by Fairway")
    }

    var questions: NftablesSet { makeSet(SetName.questions, "asked for at these, while they are local: untracked") }
    var answers: NftablesSet { makeSet(SetName.answers, "answered from these, while they are local: untracked") }

    private func makeSet(_ name: String, _ comment: String) -> NftablesSet {
        NftablesSet(
            name, key: [.destinationAddress(family), .transportProtocol, .destinationPort], comment: comment)
    }

    var chains: [NftablesChain] {
        [(ChainName.prerouting, NftablesChain.Hook.prerouting), (ChainName.output, .output)].map { name, hook in
            NftablesChain(name, attachment: .init(type: .filter, hook: hook, priority: Self.priority))
        }
    }

    /// At output also the questions of the node's own processes; what loopback delivers stays untracked.
    var rules: [NftablesRule] {
        [
            rule(ChainName.prerouting, .destination, SetName.questions),
            rule(ChainName.output, .destination, SetName.questions),
            rule(ChainName.output, .source, SetName.answers),
        ]
    }

    /// `ip daddr . meta l4proto . th dport @SET fib daddr type local notrack`. The set before the route
    /// lookup: all other packets cost one hash.
    private func rule(_ chain: String, _ end: RuleExpression.FibAddress, _ set: String) -> NftablesRule {
        let length = family.ipFamily.addressByteCount
        // RFC 791 section 3.1, RFC 8200 section 3; ports at 0 and 2 in UDP, TCP and SCTP alike.
        let source = family == .ip ? 12 : 8
        let isSource = end == .source
        let words = length / 4
        return NftablesRule(
            chain: chain,
            [
                .payload(.network, offset: isSource ? source : source + length, length: length, to: .word(0)),
                .meta(.transportProtocol, to: .word(words)),
                .payload(.transport, offset: isSource ? 0 : 2, length: 2, to: .word(words + 1)),
                .lookup(set: set, key: .r1, inverted: false),
                .fibAddressType(end, to: .r1),
                .compare(.r1, .equal, Self.local),
                .notrack,
            ])
    }

    /// RTN_LOCAL of linux/rtnetlink.h in the order of the host.
    private static let local: [UInt8] = {
        #if _endian(little)
            [2, 0, 0, 0]
        #else
            [0, 0, 0, 2]
        #endif
    }()

    /// Address, protocol and port, each padded to four bytes.
    static func element(_ frontend: LocalFrontend) -> NftablesElement {
        let port = frontend.port.rawValue
        return NftablesElement(
            key: frontend.address.networkBytes + [frontend.protocol.rawValue, 0, 0, 0]
                + [UInt8(port >> 8), UInt8(truncatingIfNeeded: port), 0, 0])
    }

    /// Nil for an element that this version does not write.
    func frontend(_ element: NftablesElement) -> LocalFrontend? {
        let (key, length) = (element.key, family.ipFamily.addressByteCount)
        guard key.count == length + 8, let address = IPAddress(networkBytes: key.prefix(length)),
            let transport = TransportProtocol(rawValue: key[length]),
            let port = PortNumber(rawValue: UInt16(key[length + 4]) << 8 | UInt16(key[length + 5]))
        else { return nil }
        return LocalFrontend(address, transport, port)
    }
}
