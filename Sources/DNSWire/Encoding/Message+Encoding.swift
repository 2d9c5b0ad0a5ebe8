extension Message {
    /// The message in wire form, at most `limit` bytes; what is left out where it does not fit is said at
    /// `MessageWriter`. A message without room for its header has 12 bytes nevertheless.
    ///
    /// - Complexity: linear in what the message says.
    public func encoded(limit: Int = MessageWriter.byteLimit) -> [UInt8] {
        var writer = MessageWriter(id: id, flags: flags, responseCode: responseCode, edns: edns, limit: limit)
        for question in questions { writer.append(question) }
        writer.append(answers, to: .answer)
        writer.append(authorities, to: .authority)
        writer.append(additionals, to: .additional)
        return writer.finish()
    }
}
