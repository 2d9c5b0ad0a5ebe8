package import DNSWire

/// How a message travels.
package enum DNSTransport: String, Sendable, Hashable, CaseIterable {
    case udp
    case tcp
}

/// Something that answers DNS messages: a server behind sockets, or a responder in this process.
package protocol DNSDriver {
    /// The answer to one message; nil where there is none. Blocks: not for the cooperative pool.
    func ask(_ bytes: [UInt8], over transport: DNSTransport) throws -> [UInt8]?

    /// The message is left without an answer. The default asks; a driver that would wait for long knows better.
    func ignores(_ bytes: [UInt8], over transport: DNSTransport) throws -> Bool

    /// Names that are not the cluster's are answered too, by an upstream.
    var forwards: Bool { get }
}

extension DNSDriver {
    package func ignores(_ bytes: [UInt8], over transport: DNSTransport) throws -> Bool {
        try ask(bytes, over: transport) == nil
    }

    /// The answer, decoded.
    package func message(_ query: DNSQuery, over transport: DNSTransport) throws -> (message: Message, byteCount: Int)? {
        guard let bytes = try ask(query.bytes, over: transport) else { return nil }
        return (try Message(decoding: bytes), bytes.count)
    }
}
