import LinuxSystem
import NIOSSL

/// A certificate authority for tests, made by openssl in a folder.
struct Authority {
    struct Failure: Error { var output: String }

    let folder: TemporaryFolder
    let name: String

    /// `NAME.crt` and `NAME.key`.
    init(_ folder: TemporaryFolder, _ name: String = "ca") throws {
        self.folder = folder
        self.name = name
        try openssl(
            ["req", "-x509"] + Self.newKey + ["-keyout", folder(name + ".key"), "-out", folder(name + ".crt"), "-subj", "/CN=\(name)", "-days", "2"])
    }

    /// One that was made in this folder before.
    init(existing folder: TemporaryFolder, _ name: String = "ca") {
        self.folder = folder
        self.name = name
    }

    private static let newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]

    var certificateFile: String { folder(name + ".crt") }

    /// `CERTIFICATE.crt` and `CERTIFICATE.key`, signed by this authority.
    ///
    /// - Parameters:
    ///   - names: `DNS:localhost,IP:127.0.0.1`.
    ///   - days: negative: expired since.
    func issue(_ certificate: String, names: String = "DNS:localhost,IP:127.0.0.1", days: Int = 1) throws {
        let (request, extensions) = (folder(certificate + ".csr"), folder(certificate + ".ext"))
        try folder.write("subjectAltName=\(names)\n", to: certificate + ".ext")
        try openssl(
            ["req", "-new"] + Self.newKey + ["-keyout", folder(certificate + ".key"), "-out", request, "-subj", "/CN=\(certificate)"])
        try openssl([
            "x509", "-req", "-in", request, "-CA", certificateFile, "-CAkey", folder(name + ".key"), "-set_serial",
            String(UInt32.random(in: 1...UInt32.max)), "-days", String(days), "-extfile", extensions, "-out",
            folder(certificate + ".crt"),
        ])
    }

    /// `COPY.key`: a certificate's key behind a passphrase.
    ///
    /// - Parameter isTraditional: in the form of RFC 1421, not of PKCS #8.
    func lock(_ certificate: String, as copy: String, isTraditional: Bool = false) throws {
        let command = isTraditional ? ["ec"] : ["pkey"]
        try openssl(
            command + ["-in", folder(certificate + ".key"), "-out", folder(copy + ".key"), "-aes256", "-passout", "pass:secret"])
    }

    private func openssl(_ arguments: [String]) throws {
        let output = try ProcessRequest(path: "/usr/bin/openssl", arguments: arguments).collectOutput(timeout: .seconds(30))
        guard output.status.isSuccess else { throw Failure(output: "\(output)") }
    }
}

/// What a server shows, and what it speaks.
struct ServerTLS: Sendable {
    let context: NIOSSLContext
    let speaksHTTP2: Bool
}

extension TemporaryFolder {
    func serverTLS(
        _ certificate: String = "server", clientAuthority: String? = nil, speaksHTTP2: Bool = false
    ) throws -> ServerTLS {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(self(certificate + ".crt")).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: self(certificate + ".key"), format: .pem)))
        configuration.applicationProtocols = speaksHTTP2 ? ["h2", "http/1.1"] : ["http/1.1"]
        if let clientAuthority {
            configuration.trustRoots = .file(self(clientAuthority + ".crt"))
            configuration.certificateVerification = .noHostnameVerification
        }
        return ServerTLS(context: try NIOSSLContext(configuration: configuration), speaksHTTP2: speaksHTTP2)
    }
}
