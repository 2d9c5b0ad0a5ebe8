import KubernetesTesting
import LinuxSystem
import NetworkNamespaceTesting

/// The real kubectl, pointed at a test server.
struct KubectlCommand: Sendable {
    /// Holds `kubeconfig`.
    let folder: String
    private let namespace: TestNamespace?

    /// - Parameter namespace: where the server listens; nil: this process's own.
    init(_ server: TestAPIServer, folder: String, namespace: TestNamespace? = nil) throws {
        self.folder = folder
        self.namespace = namespace
        try server.writeFiles(into: folder)
    }

    /// What it prints; fails with its own message.
    @discardableResult
    func callAsFunction(_ arguments: String..., input: String = "") async throws -> String {
        let all = ["--kubeconfig", "\(folder)/kubeconfig", "--cache-dir", "\(folder)/cache"] + arguments
        let output: ProcessOutput
        if let namespace {
            output = try await namespace.run(["kubectl"] + all, input: input, timeout: .seconds(60))
        } else {
            guard let path = toolPath("kubectl") else { throw TestSupportError("no kubectl: install kubernetes-client") }
            let request = ProcessRequest(path: path, arguments: all)
            output = try await DedicatedThread.run(named: "kubectl") {
                try request.collectOutput(input: Array(input.utf8), timeout: .seconds(60))
            }
        }
        guard output.status.isSuccess else { throw TestSupportError("kubectl \(arguments): \(output)") }
        return output.standardOutput
    }

    @discardableResult
    func apply(_ manifests: String...) async throws -> String {
        try await self("apply", "-f", "-", input: manifests.joined(separator: "\n---\n"))
    }
}
