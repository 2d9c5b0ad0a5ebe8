internal import DNSWire

extension ForwardedAnswer {
    /// What is handed on of an upstream's message: the chain, and of the other sections what belongs to it.
    init(_ message: Message, chain: AliasChain, question: ForwardedQuestion) {
        let isNegative = message.responseCode == .nameError || chain.records.allSatisfy { $0.type == .cname }
        let keptAuthorities = message.authorities.filter { record in
            if question.dnssecOK { return record.type != .ns }
            return isNegative && record.type == .soa
        }
        let error = message.edns?.options.first { $0.code == EDNSOption.extendedError && $0.data.count >= 2 }
        self.init(
            responseCode: message.responseCode, authenticData: message.flags.contains(.authenticData),
            answers: Self.limited(chain.records), authorities: Self.limited(keptAuthorities),
            additionals: Self.limited(Self.glue(of: message, for: chain.records)),
            extendedErrorCode: error.map { UInt16($0.data[0]) << 8 | UInt16($0.data[1]) },
            extendedErrorText: error.map { String(decoding: $0.data.dropFirst(2).prefix(errorTextLimit), as: UTF8.self) }
                ?? "")
    }

    /// A time to live beyond 31 bits counts as 0 (RFC 2181 section 8).
    private static func limited(_ records: [ResourceRecord]) -> [ResourceRecord] {
        records.map { record in
            guard record.timeToLive > UInt32(Int32.max) else { return record }
            var record = record
            record.timeToLive = 0
            return record
        }
    }

    /// Addresses of the targets of SRV records, and of names in records that are not looked into.
    private static func glue(of message: Message, for answers: [ResourceRecord]) -> [ResourceRecord] {
        var targets: Set<DomainName> = []
        var isOpen = false
        for record in answers {
            switch record.data {
            case .srv(let location): targets.insert(location.target)
            case .ns(let name): targets.insert(name)
            case .opaque(let type, _): isOpen = isOpen || type != .rrsig
            default: break
            }
        }
        guard isOpen || !targets.isEmpty else { return [] }
        return message.additionals.filter { record in
            guard case .address = record.data else { return false }
            return isOpen || targets.contains(record.name)
        }
    }
}

/// Bytes of an upstream's explanation that are handed on.
private let errorTextLimit = 128
