import NetworkTypes

/// An ICMP or ICMPv6 message to be made.
struct ICMPMessage {
    var type: UInt8
    var code: UInt8
    /// Unused, the MTU of the next hop, identifier and sequence number.
    var rest: UInt32 = 0
    var body: [UInt8] = []

    /// The frame that carries it.
    func frame(from source: IPAddress, to destination: IPAddress, hops: UInt8 = 64) -> [UInt8] {
        let isIPv4 = source.family == .ipv4
        let transport = isIPv4 ? Transport.icmp : Transport.icmpv6
        let flow = Flow(Endpoint(source, 0), to: Endpoint(destination, 0), transport)
        var bytes = [type, code, 0, 0] + rest.networkBytes + body
        let pseudo = isIPv4 ? 0 : InternetChecksum.pseudoHeader(flow, length: bytes.count)
        let sum = InternetChecksum.add(pseudo, InternetChecksum.sum(bytes))
        bytes.replaceSubrange(2..<4, with: (~sum).networkBytes)
        var recipe = PacketRecipe(flow)
        recipe.hops = hops
        recipe.payload = bytes
        return recipe.frame()
    }
}

extension ICMPMessage {
    /// Fragmentation needed, or packet too big: `mtu` is the next hop's.
    static func tooBig(_ family: IPFamily, mtu: UInt32, quoting body: [UInt8]) -> ICMPMessage {
        family == .ipv4
            ? ICMPMessage(type: 3, code: 4, rest: mtu, body: body) : ICMPMessage(type: 2, code: 0, rest: mtu, body: body)
    }

    static func portUnreachable(_ family: IPFamily, quoting body: [UInt8]) -> ICMPMessage {
        family == .ipv4
            ? ICMPMessage(type: 3, code: 3, body: body) : ICMPMessage(type: 1, code: 4, body: body)
    }

    static func timeExceeded(_ family: IPFamily, quoting body: [UInt8]) -> ICMPMessage {
        ICMPMessage(type: family == .ipv4 ? 11 : 3, code: 0, body: body)
    }

    static func parameterProblem(_ family: IPFamily, quoting body: [UInt8]) -> ICMPMessage {
        ICMPMessage(type: family == .ipv4 ? 12 : 4, code: 0, body: body)
    }

    static func echoRequest(_ family: IPFamily) -> ICMPMessage {
        ICMPMessage(type: family == .ipv4 ? 8 : 128, code: 0, rest: 0x0042_0001, body: [1, 2, 3, 4])
    }
}
