import Testing

@testable import KubernetesConnection

@Suite struct ProxyEnvironmentTests {
    private func connection(
        _ server: String, _ environment: [String: String], cluster: String = "tls-server-name: kubernetes"
    ) throws -> ClusterConnection {
        let folder = try TemporaryFolder()
        let path = try folder.write(TestKubeconfig(server: server, cluster: cluster).text, to: "kubeconfig")
        return try ClusterConnection(kubeconfig: path, environment: environment)
    }

    @Test(
        "The proxy is that of the server's scheme, and NO_PROXY excepts servers",
        arguments: [
            ("https://api.example:6443", ["HTTPS_PROXY": "http://proxy:3128"], "http://proxy:3128"),
            ("https://api.example:6443", ["https_proxy": "proxy:3128"], "http://proxy:3128"),
            ("https://api.example:6443", ["HTTPS_PROXY": "http://a", "https_proxy": "http://b"], "http://a:80"),
            ("https://api.example:6443", ["HTTPS_PROXY": "", "https_proxy": "socks5://b"], "socks5://b:1080"),
            ("https://api.example:6443", ["HTTP_PROXY": "http://proxy"], nil),
            ("http://api.example:8080", ["HTTP_PROXY": "http://proxy"], "http://proxy:80"),
            ("http://api.example:8080", ["HTTPS_PROXY": "http://proxy"], nil),
            ("https://localhost:6443", ["HTTPS_PROXY": "http://proxy"], nil),
            ("https://127.0.0.53:6443", ["HTTPS_PROXY": "http://proxy"], nil),
            ("https://[::1]:6443", ["HTTPS_PROXY": "http://proxy"], nil), ("https://api.example:6443", [:], nil),
        ] as [(String, [String: String], String?)])
    func variables(_ server: String, _ environment: [String: String], _ proxy: String?) throws {
        let found = try connection(server, environment)
        #expect(found.proxy?.description == proxy)
        #expect(found.warnings.isEmpty)
    }

    @Test(
        "Items of NO_PROXY",
        arguments: [
            ("https://api.example:6443", "*", true), ("https://api.example:6443", "api.example", true),
            ("https://api.example:6443", "example", true), ("https://api.example:6443", " EXAMPLE , other", true),
            ("https://example:6443", ".example", false), ("https://api.example:6443", ".example", true),
            ("https://example:6443", "*.example", false), ("https://a.api.example:6443", "*.example", true),
            ("https://myexample:6443", "example", false), ("https://api.example:6443", "api.example:6443", true),
            ("https://api.example:6443", "api.example:443", false), ("https://api.example:6443", ",,", false),
            ("https://10.1.2.3:6443", "10.0.0.0/8", true), ("https://10.1.2.3:6443", "11.0.0.0/8,10.1.2.3", true),
            ("https://10.1.2.3:6443", "10.1.2.3:6443", true), ("https://10.1.2.3:6443", "10.1.2.3:1", false),
            ("https://10.1.2.3:6443", "10.1.2.4", false), ("https://10.1.2.3:6443", "3", false),
            ("https://[fd00::1]:6443", "fd00::/8", true), ("https://[fd00::1]:6443", "fd00:0::1", true),
            ("https://[fd00::1]:6443", "[fd00::1]:6443", true), ("https://[fd00::1]:6443", "[fd00::1]:1", false),
            ("https://api.example:6443", "10.0.0.0/33", false),
        ])
    func exceptions(_ server: String, _ list: String, _ isExcepted: Bool) throws {
        let found = try connection(server, ["HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": list])
        #expect((found.proxy == nil) == isExcepted)
        let lower = try connection(server, ["HTTPS_PROXY": "http://proxy:3128", "no_proxy": list])
        #expect((lower.proxy == nil) == isExcepted)
    }

    @Test("proxy-url of the kubeconfig stands before the environment") func kubeconfig() throws {
        let found = try connection(
            "https://api.example:6443", ["HTTPS_PROXY": "http://other:1"], cluster: "proxy-url: 'http://proxy:3128'")
        #expect(found.proxy?.description == "http://proxy:3128" && found.proxyField == "proxy-url")
    }

    @Test(
        "A proxy that cannot be used is a warning without its password, and the server is asked without",
        arguments: [
            ("https://api.example:6443", "", "https://u:secret@proxy", "it is no http://HOST:PORT and no socks5://HOST:PORT"),
            ("https://api.example:6443", "", "http://u:secret@proxy:port", "it is no http://HOST:PORT"),
            ("https://10.1.2.3:6443", "", "http://u:secret@proxy", "behind a proxy, a server given as an address needs a name"),
        ])
    func warnings(_ server: String, _ cluster: String, _ proxy: String, _ says: String) throws {
        let found = try connection(server, ["HTTPS_PROXY": proxy], cluster: cluster)
        #expect(found.proxy == nil)
        let warning = try #require(found.warnings.first)
        #expect(found.warnings.count == 1 && warning.hasPrefix("environment: HTTPS_PROXY: not used: \(says)"), "\(warning)")
        #expect(warning.hasSuffix("; \(server) is asked without a proxy") && !warning.contains("secret"), "\(warning)")
    }

    @Test("The way leads through the proxy of the environment") func way() async throws {
        let folder = try TemporaryFolder()
        try Authority(folder).issue("server", names: "DNS:api.example")
        try await ScriptedServer.run(tls: folder.serverTLS()) { _ in .json(emptyServices) } _: { server in
            try await ConnectProxy.run { proxy in
                let path = try folder.write(
                    TestKubeconfig(
                        server: "https://api.example:\(server.port)", cluster: "certificate-authority: ca.crt"
                    ).text, to: "kubeconfig")
                let connection = try ClusterConnection(
                    kubeconfig: path, environment: ["HTTPS_PROXY": "http://user:secret@127.0.0.1:\(proxy.port)"])
                try await withClient(connection) { _ = try await $0.list(services) }
                #expect(proxy.heads.count == 1)
                #expect(proxy.heads.first?.hasPrefix("CONNECT api.example:\(server.port) HTTP/1.1\r\n") == true)
                #expect(server.requests.count == 1)
            }
        }
    }
}
