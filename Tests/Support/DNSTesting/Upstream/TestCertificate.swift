internal import NIOSSL

/// A certificate that vouches for itself, with its key. Both are public and protect nothing.
public enum TestCertificate {
    /// The only name in it.
    public static let serverName = "dns.example.test"

    /// To be written to a file that a client trusts. Valid from 2020 to 2120.
    public static let certificatePEM = """
        -----BEGIN CERTIFICATE-----
        MIIBdTCCARygAwIBAgIBATAKBggqhkjOPQQDAjAbMRkwFwYDVQQDDBBkbnMuZXhh
        bXBsZS50ZXN0MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjAbMRkw
        FwYDVQQDDBBkbnMuZXhhbXBsZS50ZXN0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcD
        QgAEq+KQNfZZk9Skv+NS6dQfTtJhjEbf1tt5jg0xIVhDMPV2uWXvDj9R4WyLYclD
        /ws97ESIoqjR30GRwrlMyH4vdqNPME0wDwYDVR0TAQH/BAUwAwEB/zAbBgNVHREE
        FDASghBkbnMuZXhhbXBsZS50ZXN0MB0GA1UdDgQWBBTLIhI2cfrjLqii37b1D7a+
        0DXkRzAKBggqhkjOPQQDAgNHADBEAiBWTDhuEP9w3Vh8GkrqmoHiUJ9ZVukLFcCU
        5zK1hCZ3ngIgMsdIqchPqWlRzQeKrAVqLa43WYM7HJclCfxmm6wMgjU=
        -----END CERTIFICATE-----
        """

    private static let keyPEM = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgpUdTLRortD9mYA9K
        jqLxoCwmpmGWEAlp+0WNGPgLhrihRANCAASr4pA19lmT1KS/41Lp1B9O0mGMRt/W
        23mODTEhWEMw9Xa5Ze8OP1HhbIthyUP/Cz3sRIiiqNHfQZHCuUzIfi92
        -----END PRIVATE KEY-----
        """

    static func serverContext() throws -> NIOSSLContext {
        let certificates = try NIOSSLCertificate.fromPEMBytes(Array(certificatePEM.utf8)).map {
            NIOSSLCertificateSource.certificate($0)
        }
        let key = try NIOSSLPrivateKey(bytes: Array(keyPEM.utf8), format: .pem)
        return try NIOSSLContext(
            configuration: .makeServerConfiguration(certificateChain: certificates, privateKey: .privateKey(key)))
    }
}
