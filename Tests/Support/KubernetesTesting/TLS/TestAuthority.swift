internal import FoundationEssentials
internal import Glibc
internal import LinuxSystem
internal import NIOSSL
internal import NetworkTypes

/// A certificate authority made for one server, with a certificate for the server and one for a client. It lives in a folder
/// of its own and vouches for nothing beyond the test.
package struct TestAuthority: Sendable {
    package let certificatePEM: String
    package let serverCertificatePEM: String
    package let serverKeyPEM: String
    package let clientCertificatePEM: String
    package let clientKeyPEM: String

    /// Whom the client's certificate names.
    package static let clientName = "test-client"

    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// Makes them with the `openssl` program. Blocks for some tens of milliseconds.
    ///
    /// - Parameters:
    ///   - names: of the server: host names and addresses.
    ///   - days: how long they are valid.
    /// - Throws: ``Failure``.
    package init(names: [String], days: Int = 3650) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "kubernetes-testing-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        defer { try? FileManager.default.removeItem(at: folder) }
        func file(_ name: String) -> String { folder.appending(path: name).path }
        func text(_ name: String) throws -> String { String(decoding: try Data(contentsOf: folder.appending(path: name)), as: UTF8.self) }
        func make(_ name: String, subject: String, _ extensions: [String], signed: Bool) throws {
            var arguments = [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-sha256",
                "-days", String(days), "-subj", subject, "-keyout", file("\(name).key"), "-out", file("\(name).crt"),
            ]
            for text in extensions { arguments += ["-addext", text] }
            if signed { arguments += ["-CA", file("ca.crt"), "-CAkey", file("ca.key")] }
            try Self.openssl(arguments)
        }
        let subjects = names.map { IPAddress($0) == nil ? "DNS:\($0)" : "IP:\($0)" }
        try make("ca", subject: "/CN=kubernetes-testing", [], signed: false)
        try make(
            "server", subject: "/CN=kube-apiserver",
            ["subjectAltName=\(subjects.joined(separator: ","))", "basicConstraints=critical,CA:FALSE", "extendedKeyUsage=serverAuth"],
            signed: true)
        try make(
            "client", subject: "/O=system:masters/CN=\(Self.clientName)",
            ["basicConstraints=critical,CA:FALSE", "extendedKeyUsage=clientAuth"], signed: true)
        certificatePEM = try text("ca.crt")
        serverCertificatePEM = try text("server.crt")
        serverKeyPEM = try text("server.key")
        clientCertificatePEM = try text("client.crt")
        clientKeyPEM = try text("client.key")
    }

    private static func openssl(_ arguments: [String]) throws {
        let path = ["/usr/bin/openssl", "/usr/local/bin/openssl"].first { FileManager.default.isExecutableFile(atPath: $0) }
        guard let path else { throw Failure(description: "no openssl program: install the package openssl") }
        let output = try ProcessRequest(path: path, arguments: arguments).collectOutput(timeout: .seconds(30))
        guard output.status.isSuccess else { throw Failure(description: "openssl: \(output)") }
    }

    func serverContext() throws -> NIOSSLContext {
        let chain = try NIOSSLCertificate.fromPEMBytes(Array(serverCertificatePEM.utf8)).map {
            NIOSSLCertificateSource.certificate($0)
        }
        let key = try NIOSSLPrivateKey(bytes: Array(serverKeyPEM.utf8), format: .pem)
        var configuration = TLSConfiguration.makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key))
        configuration.applicationProtocols = ["http/1.1"]
        configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(certificatePEM.utf8)))
        configuration.certificateVerification = .optionalVerification
        return try NIOSSLContext(configuration: configuration)
    }
}
