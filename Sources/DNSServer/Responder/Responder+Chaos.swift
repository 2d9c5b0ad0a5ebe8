internal import ClusterZone
internal import DNSWire

extension Responder {
    private static let versionNames = ["version.bind.", "version.server."].compactMap { DomainName($0) }
    private static let identityNames = ["hostname.bind.", "id.server."].compactMap { DomainName($0) }

    /// Everything of another class is refused, but what the server may tell about itself (RFC 4892).
    func answerOtherClass(_ query: ParsedQuery, _ message: inout ResponseMessage) -> ResponseOutcome {
        guard query.recordClass == .chaos, options.versionText != nil || options.identityText != nil,
            let text = text(for: query), message.writer.remaining >= 13 + text.count
        else { return message.finish(.refused, .other, offersRecursion) }
        if query.type == .txt {
            message.writer.putRecord(
                owner: 12, .txt, recordClass: .chaos, timeToLive: 0, dataByteCount: text.count + 1)
            message.writer.put(UInt8(text.count))
            for byte in text { message.writer.put(byte) }
            message.writer.answers = 1
        }
        return message.finish(.noError, .other, offersRecursion, isAuthoritative: true)
    }

    private func text(for query: ParsedQuery) -> [UInt8]? {
        let wire = questionName(query)
        let text: String? =
            if Self.versionNames.contains(where: { $0.wire == wire }) { options.versionText }
            else if Self.identityNames.contains(where: { $0.wire == wire }) { options.identityText }
            else { nil }
        return text.map { Array($0.utf8.prefix(255)) }
    }
}
