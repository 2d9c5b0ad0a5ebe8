internal import ClusterZone
internal import DNSForwarder
internal import DNSWire
internal import NetworkTypes

extension Responder {
    /// What is needed to reply later. Allocates: asking others costs a thousand times as much.
    func forwardRequest(
        _ query: ParsedQuery, _ request: RawSpan, _ transport: QueryTransport, _ client: IPAddress, _ zone: ClusterZone,
        room: Int
    ) -> ForwardRequest {
        // SAFETY: the question's bytes, as the parser found them, copied at once.
        let wire = unsafe request.withUnsafeBytes { unsafe Array($0[12..<(12 + query.nameLength)]) }
        let name = DomainName(wire: wire) ?? .root
        let question = Question(name: name, type: query.type, recordClass: query.recordClass)
        let prefix = zone.aliases(from: name)
        var asked = question
        if case .cname(let target) = prefix.last?.data { asked.name = target }
        // SAFETY: copied at once. Read whole, once, for the options that tell of a loop.
        let bytes = unsafe request.withUnsafeBytes { unsafe Array($0) }
        let options = query.hasEDNS ? (try? Message(decoding: bytes, mode: .lenient))?.edns?.options ?? [] : []
        return ForwardRequest(
            id: query.id, flags: MessageFlags(rawValue: query.flags.rawValue & 0xFFF0), question: question,
            edns: query.hasEDNS
                ? EDNS(
                    payloadSize: query.payloadSize, version: query.version, dnssecOK: query.dnssecOK, options: options)
                : nil,
            sizeLimit: sizeLimit(query, transport, room: room), transport: transport, client: client, prefix: prefix,
            forwarded: ForwardedQuestion(
                question: asked, dnssecOK: query.dnssecOK, checkingDisabled: query.flags.contains(.checkingDisabled)))
    }
}
