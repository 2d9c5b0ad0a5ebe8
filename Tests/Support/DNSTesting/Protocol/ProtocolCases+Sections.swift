internal import DNSWire

extension ProtocolCases {
    /// Records and bytes behind the question.
    static var sections: [ProtocolCase] {
        let record = DNSQuery.record()
        let option = DNSQuery.option(EDNS())
        func query(_ counts: [UInt16], _ tail: [UInt8]) -> [UInt8] {
            good.with {
                $0.counts = counts
                $0.tail = tail
            }.bytes
        }
        return [
            ProtocolCase("bytes behind the question are passed over", query([1, 0, 0, 0], [1, 2, 3]), .found),
            ProtocolCase(
                "bytes behind OPT are passed over", query([1, 0, 0, 1], option + [0xFF]), .found),
            ProtocolCase("a record in Answer is FORMERR or passed over", query([1, 1, 0, 0], record), .formatError, .found),
            ProtocolCase("a record in Authority is FORMERR or passed over", query([1, 0, 1, 0], record), .formatError, .found),
            ProtocolCase(
                "two records in Answer are FORMERR or passed over", query([1, 2, 0, 0], record + record), .formatError, .found),
            ProtocolCase("a record in Additional is passed over", query([1, 0, 0, 1], record), .found, .formatError),
            ProtocolCase("two OPT are FORMERR", query([1, 0, 0, 2], option + option), .formatError),
            ProtocolCase("two OPT of different content are FORMERR", query([1, 0, 0, 2], option + DNSQuery.option(EDNS(payloadSize: 512))), .formatError),
            ProtocolCase(
                "OPT whose owner is not the root is FORMERR",
                query([1, 0, 0, 1], DNSQuery.option(EDNS(), owner: [1, 0x61, 0])), .formatError),
            ProtocolCase("OPT in Answer is FORMERR or passed over", query([1, 1, 0, 0], option), .formatError, .found),
            ProtocolCase("OPT in Authority is FORMERR or passed over", query([1, 0, 1, 0], option), .formatError, .found),
            ProtocolCase(
                "a record that is announced and not there is FORMERR or passed over",
                query([1, 0, 0, 1], []), .formatError, .found),
            ProtocolCase("OPT cut short is FORMERR", query([1, 0, 0, 1], Array(option.dropLast(3))), .formatError),
            ProtocolCase(
                "OPT longer than the message is FORMERR",
                query([1, 0, 0, 1], Array(option.dropLast(2)) + [0, 9]), .formatError),
            ProtocolCase(
                "an option longer than OPT is FORMERR",
                query([1, 0, 0, 1], Array(option.dropLast(2)) + [0, 4, 0, 3, 0, 9]), .formatError),
            ProtocolCase(
                "half an option is FORMERR", query([1, 0, 0, 1], Array(option.dropLast(2)) + [0, 2, 0, 3]), .formatError),
        ]
    }
}
