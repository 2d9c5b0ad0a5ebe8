import FoundationEssentials
import Testing

@testable import KubernetesConnection

@Suite struct KubeconfigTests {
    struct Fault: Sendable, CustomTestStringConvertible {
        var name: String
        var server = "https://localhost:6443"
        var cluster = ""
        var user = ""
        /// Of the message, after the kubeconfig's path; `FOLDER` stands for the folder.
        var says: String

        var testDescription: String { name }
    }

    @Test(
        "What is wrong is told with file and field",
        arguments: [
            Fault(name: "no server", server: "", says: "clusters[cluster].cluster.server: Required value"),
            Fault(
                name: "a scheme of something else", server: "ftp://host",
                says: "clusters[cluster].cluster.server: Invalid value: \"ftp://host\": the scheme must be one of http, https"),
            Fault(
                name: "a port too high", server: "https://host:70000",
                says: "clusters[cluster].cluster.server: Invalid value: \"https://host:70000\": \"70000\" is no port"),
            Fault(
                name: "CA that is no base64", cluster: "certificate-authority-data: '???'",
                says: "clusters[cluster].cluster.certificate-authority-data: not base64"),
            Fault(
                name: "CA as file and data", cluster: "certificate-authority: a, certificate-authority-data: YQ==",
                says: "clusters[cluster].cluster.certificate-authority-data: given together with certificate-authority"),
            Fault(
                name: "CA that nobody looks at", cluster: "certificate-authority-data: YQ==, insecure-skip-tls-verify: true",
                says: "clusters[cluster].cluster.certificate-authority-data: given together with insecure-skip-tls-verify"),
            Fault(
                name: "a truth value of something else", cluster: "insecure-skip-tls-verify: perhaps",
                says: "clusters[cluster].cluster.insecure-skip-tls-verify: must be true or false"),
            Fault(
                name: "an address as server name", cluster: "tls-server-name: 10.0.0.1",
                says: "clusters[cluster].cluster.tls-server-name: Invalid value: \"10.0.0.1\": must be a name"),
            Fault(
                name: "a proxy that speaks TLS", cluster: "proxy-url: 'https://proxy:3128'",
                says: "clusters[cluster].cluster.proxy-url: Invalid value: \"https://proxy:3128\": the scheme must be one of http, socks5"),
            Fault(
                name: "an address behind a proxy", server: "https://10.0.0.1", cluster: "proxy-url: 'http://proxy:3128'",
                says: "clusters[cluster].cluster.tls-server-name: Required value: behind a proxy"),
            Fault(
                name: "a certificate without key", user: "client-certificate: node.crt",
                says: "users[node].user.client-certificate: its key is missing"),
            Fault(
                name: "a key without certificate", user: "client-key: node.key",
                says: "users[node].user.client-key: its certificate is missing"),
            Fault(
                name: "token and exec", user: "token: abc, exec: {apiVersion: client.authentication.k8s.io/v1}",
                says: "users[node].user: exec and token given together: only one of them can be used"),
            Fault(
                name: "token and password", user: "token: abc, username: admin",
                says: "users[node].user: token and username given together"),
            Fault(
                name: "an auth provider", user: "auth-provider: {name: gcp}",
                says: "users[node].user.auth-provider: no longer part of Kubernetes since 1.26: use exec"),
            Fault(
                name: "a token of two words", user: "token: \"a b\"",
                says: "users[node].user.token: the token has characters that a header cannot carry"),
            Fault(
                name: "a plugin of an old version", user: "exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: x}",
                says: "users[node].user.exec.apiVersion: Unsupported value: \"client.authentication.k8s.io/v1alpha1\""),
            Fault(
                name: "a plugin without command", user: "exec: {apiVersion: client.authentication.k8s.io/v1}",
                says: "users[node].user.exec.command: Required value"),
            Fault(
                name: "a plugin that wants a terminal",
                user: "exec: {apiVersion: client.authentication.k8s.io/v1, command: x, interactiveMode: Always}",
                says: "users[node].user.exec.interactiveMode: Always asks for a terminal"),
            Fault(
                name: "a plugin without mode", user: "exec: {apiVersion: client.authentication.k8s.io/v1, command: x}",
                says: "users[node].user.exec.interactiveMode: Required value"),
            Fault(
                name: "groups of nobody", user: "as-groups: [a]", says: "users[node].user.as: Required value"),
            Fault(
                name: "a list that is none", user: "as: a, as-groups: b", says: "users[node].user.as-groups: must be a list"),
        ]) func faults(_ fault: Fault) throws {
        let folder = try TemporaryFolder()
        let config = TestKubeconfig(server: fault.server, cluster: fault.cluster, user: fault.user)
        let text = failure { try config.connection(in: folder) }
        #expect(text.hasPrefix("kubeconfig \(folder("kubeconfig")): \(fault.says)"), "\(text)")
    }

    @Test("A file that is none says so") func files() throws {
        let folder = try TemporaryFolder()
        let path = folder("kubeconfig")
        let missing = failure { try ClusterConnection(kubeconfig: path) }
        #expect(missing == "kubeconfig \(path): cannot be read: No such file or directory")
        try folder.write("", to: "kubeconfig")
        let empty = failure { try ClusterConnection(kubeconfig: path) }
        #expect(empty.hasPrefix("kubeconfig \(path): holds no configuration"), "\(empty)")
        try folder.write("a: [", to: "kubeconfig")
        let broken = failure { try ClusterConnection(kubeconfig: path) }
        #expect(broken.hasPrefix("kubeconfig \(path): not YAML: "), "\(broken)")
        #expect(!broken.contains("\n"))
        try folder.write("{kind: Pod}", to: "kubeconfig")
        let pod = failure { try ClusterConnection(kubeconfig: path) }
        #expect(pod == "kubeconfig \(path): kind: Unsupported value: \"Pod\": must be Config")
    }

    @Test("A context that is not there is told with those that are") func contexts() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(TestKubeconfig().text, to: "kubeconfig")
        let text = failure { try ClusterConnection(kubeconfig: path, context: "other") }
        #expect(text == "kubeconfig \(path): contexts: no entry has the name \"other\"; there are: node")
        try folder.write(TestKubeconfig().text.replacing("current-context: node", with: ""), to: "kubeconfig")
        let none = failure { try ClusterConnection(kubeconfig: path) }
        #expect(none == "kubeconfig \(path): current-context: Required value: the name of one of contexts")
    }

    @Test("Every field is read") func fields() throws {
        let folder = try TemporaryFolder()
        try folder.write("t", to: "token")
        let connection = try TestKubeconfig(
            server: "https://[fd00::1]/clusters/one/",
            cluster: "certificate-authority: pki/ca.crt, tls-server-name: kubernetes, proxy-url: 'http://u:p%40@proxy:3128'",
            user: "tokenFile: token, token: stale, client-certificate: /pki/a.crt, client-key-data: YQ==, as: eve, as-uid: u, as-groups: [g, h], as-user-extra: {scopes: [s]}"
        ).connection(in: folder)
        #expect(connection.server.description == "https://[fd00::1]:443/clusters/one")
        #expect(connection.server.host == "fd00::1")
        #expect(connection.tls.authority?.place == .file(folder("pki/ca.crt")))
        #expect(connection.tls.serverName == "kubernetes")
        #expect(connection.proxy?.description == "http://proxy:3128")
        #expect(connection.proxy?.userInformation == "u:p%40")
        guard case .tokenFile(let file) = connection.credentials else { return #expect(Bool(false), "no token file") }
        #expect(file.place == .file(folder("token")))
        #expect(connection.tls.certificate?.place == .file("/pki/a.crt"))
        #expect(connection.tls.key?.place == .inline([UInt8(ascii: "a")]))
        #expect(
            connection.impersonation
                == Impersonation(user: "eve", uid: "u", groups: ["g", "h"], extra: ["scopes": ["s"]]))
        #expect(connection.origin == "kubeconfig \(folder("kubeconfig")), context node")
    }

    @Test("--master stands before the server, and alone it is one without credentials") func master() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(TestKubeconfig(user: "token: abc").text, to: "kubeconfig")
        let both = try ClusterConnection(kubeconfig: path, master: "https://other:1")
        #expect(both.server.description == "https://other:1")
        #expect(both.credentials == .token("abc"))
        let plain = try ClusterConnection(kubeconfig: path, master: "http://127.0.0.1:8080")
        #expect(plain.credentials == .none)
        #expect(plain.warnings.count == 1, "\(plain.warnings)")
        let alone = try ClusterConnection(kubeconfig: "", master: "127.0.0.1:8080")
        #expect(alone.server.description == "http://127.0.0.1:8080")
        let wrong = failure { try ClusterConnection(kubeconfig: "", master: "http://") }
        #expect(wrong.hasPrefix("command line: --master: Invalid value: \"http://\": no host"), "\(wrong)")
    }

    @Test("A service account is found below a root") func serviceAccount() throws {
        let folder = try TemporaryFolder()
        let environment = ["KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "6443"]
        let missing = failure { try ClusterConnection(serviceAccountIn: folder.path, environment: environment) }
        let token = "var/run/secrets/kubernetes.io/serviceaccount/token"
        #expect(missing == "service account: token: cannot read \(folder(token)): No such file or directory")
        try folder.write("abc\n", to: token)
        let connection = try ClusterConnection(serviceAccountIn: folder.path, environment: environment)
        #expect(connection.server.description == "https://[fd00::1]:6443")
        let nowhere = failure { try ClusterConnection(serviceAccountIn: folder.path, environment: [:]) }
        #expect(nowhere.contains("KUBERNETES_SERVICE_HOST is not set: this is no pod"), "\(nowhere)")
    }
}
