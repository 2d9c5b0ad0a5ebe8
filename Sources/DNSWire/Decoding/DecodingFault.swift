/// Why bytes are not a DNS message: what is wrong, and at which byte.
public struct DecodingFault: Error, Sendable, Hashable {
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// More than 65535 bytes, the most that a length of 16 bits announces (RFC 1035 section 4.2.2).
        case messageTooLong = "the message has more than 65535 bytes"
        /// Something is longer than the message, or the RDATA, that holds it.
        case overrun = "runs over the end"
        /// The upper bits of a length byte are 01 or 10 (RFC 1035 section 4.1.4, RFC 6891 section 5).
        case labelType = "neither a label nor a pointer"
        /// More than 255 bytes with length bytes and root (RFC 1035 section 2.3.4).
        case nameTooLong = "the name has more than 255 bytes"
        /// A pointer to itself or to what follows: only a prior occurrence may be named (RFC 1035 section 4.1.4).
        case pointerNotBackwards = "the pointer does not point backwards"
        case pointerIntoHeader = "the pointer points into the header"
        /// More than `MessageDecoder.pointerLimit` pointers in one name.
        case pointerLimit = "the name has too many pointers"
        /// A pointer where there is no message to point into.
        case pointerWithoutMessage = "a pointer outside a message"
        /// RDATA is shorter or longer than its type says.
        case recordData = "the RDATA does not have the form of its type"
        /// With its names written in full, RDATA has more than 65535 bytes.
        case recordDataTooLong = "the RDATA has more than 65535 bytes"
        /// RFC 6891 section 6.1.1.
        case secondOPT = "a second OPT record"
        /// OPT in Answer or Authority.
        case misplacedOPT = "an OPT record outside the Additional section"
        /// OPT whose owner is not the root.
        case ownedOPT = "the owner of OPT is not the root"
        /// Bytes after the last record that the header announces.
        case trailingBytes = "bytes after the message"
    }

    public var code: Code
    /// Bytes before what is wrong, from the start of the message.
    public var offset: Int

    public init(_ code: Code, at offset: Int) {
        self.code = code
        self.offset = offset
    }
}

extension DecodingFault: CustomStringConvertible {
    public var description: String { "byte \(offset): \(code.rawValue)" }
}

/// How exact a message has to be.
public enum DecodingMode: Sendable, Hashable {
    /// Bytes after the last record are a fault.
    case strict
    /// Bytes after the last record are ignored.
    case lenient
}
