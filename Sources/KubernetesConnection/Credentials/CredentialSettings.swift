/// How requests show who makes them, beside a client certificate.
enum CredentialSettings: Sendable, Hashable {
    case none
    case token(String)
    /// Read again as it rotates.
    case tokenFile(Material)
    case basic(user: String, password: String)
    case exec(ExecPlugin)
}

/// A token as a header can carry it: without the line's end that a file or a hand added.
///
/// - Throws: naming the field, never the token.
func checkedToken(_ text: some StringProtocol, origin: FieldOrigin) throws(ConnectionError) -> String {
    let token = String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    guard !token.isEmpty else { throw origin.fault("the token is empty") }
    guard token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
        throw origin.fault("the token has characters that a header cannot carry: it is one word of printable ASCII")
    }
    return token
}

extension Material {
    /// The token that the file holds now.
    func readToken() throws(ConnectionError) -> String {
        try checkedToken(String(decoding: read(), as: UTF8.self), origin: origin)
    }
}
