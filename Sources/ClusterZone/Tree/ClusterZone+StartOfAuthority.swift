internal import DNSWire

extension ClusterZone {
    /// SOA's own time to live at most: what CoreDNS has. Negative answers are kept for the lesser of it and the minimum.
    static let authorityTimeToLiveLimit: UInt32 = 300
    static let refresh: UInt32 = 7200
    static let retry: UInt32 = 1800
    static let expire: UInt32 = 86_400

    /// Owner, type and so on, two names that end in pointers, five integers.
    private static let authorityByteCount = AnswerWriter.recordByteCount + 9 + 13 + 20

    /// No such name, or no such records: SOA of the cluster's domain in Authority.
    @inline(__always) func negative(
        _ code: ResponseCode, _ query: ParsedQuery, _ writer: inout AnswerWriter
    ) -> ZoneAnswer {
        let apex = AnswerWriter.questionName + query.nameLength - domain.byteCount
        let isComplete = putAuthority(apex, &writer)
        if isComplete { writer.authorities += 1 }
        return ZoneAnswer(.answered, .cluster, code, isComplete: isComplete)
    }

    /// SOA is what was asked for.
    func putApex(_ query: ParsedQuery, _ writer: inout AnswerWriter) -> ZoneAnswer {
        let isComplete = putAuthority(AnswerWriter.questionName + query.nameLength - domain.byteCount, &writer)
        if isComplete { writer.answers += 1 }
        return ZoneAnswer(.answered, .cluster, isComplete: isComplete)
    }

    /// - Parameter apex: where in the question's name the zone's begins.
    func putAuthority(_ apex: Int, _ writer: inout AnswerWriter) -> Bool {
        guard writer.remaining >= Self.authorityByteCount else { return false }
        writer.putRecord(
            owner: apex, .soa, timeToLive: min(domain.timeToLive, Self.authorityTimeToLiveLimit),
            dataByteCount: Self.authorityByteCount - AnswerWriter.recordByteCount)
        let pointer = UInt16(0xC000 | apex)
        // 2 "ns" 3 "dns" and 10 "hostmaster".
        writer.put(0x026E_7303 as UInt32)
        writer.put(0x646E as UInt16)
        writer.put(0x73 as UInt8)
        writer.put(pointer)
        writer.put(0x0A68_6F73_746D_6173 as UInt64)
        writer.put(0x7465 as UInt16)
        writer.put(0x72 as UInt8)
        writer.put(pointer)
        writer.put(serial)
        writer.put(Self.refresh)
        writer.put(Self.retry)
        writer.put(Self.expire)
        writer.put(domain.negativeTimeToLive)
        return true
    }

    /// The same as a value.
    func startOfAuthority(_ apex: DomainName) -> ResourceRecord? {
        guard let server = DomainName(labels: [Array("ns".utf8), Array("dns".utf8)] + apex.labels.map(Array.init)),
            let mailbox = apex.prepending("hostmaster".utf8)
        else { return nil }
        let data = StartOfAuthority(
            primaryServer: server, mailbox: mailbox, serial: serial, refresh: Self.refresh, retry: Self.retry,
            expire: Self.expire, minimum: domain.negativeTimeToLive)
        return ResourceRecord(
            name: apex, timeToLive: min(domain.timeToLive, Self.authorityTimeToLiveLimit), data: .soa(data))
    }
}
