/// How the server is known, and what shows who we are.
struct TLSSettings: Sendable, Hashable {
    /// Certificates of authorities in PEM; nil: those of the system.
    var authority: Material?
    /// Our certificate, followed by those between it and its authority.
    var certificate: Material?
    var key: Material?
    /// The name in the server's certificate where it is not the host of the URL; empty: the host.
    var serverName = ""
    /// The server's certificate is not looked at: whoever is on the way can read and change everything.
    var skipsVerification = false
}
