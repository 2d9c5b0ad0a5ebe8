import FoundationEssentials
import KubernetesTesting
import LinuxSystem
import NetworkNamespaceTesting

/// The real kubectl, pointed at a test server.
struct Kubectl {
    let path: String
    let folder: String

    init(_ server: TestAPIServer) throws {
        guard let path = toolPath("kubectl") else { throw TestSupportError("no kubectl: install kubernetes-client") }
        self.path = path
        folder = FileManager.default.temporaryDirectory.appending(path: "kubectl-\(UUID().uuidString)").path
        try server.writeFiles(into: folder)
    }

    func remove() { try? FileManager.default.removeItem(atPath: folder) }

    func request(_ arguments: [String]) -> ProcessRequest {
        ProcessRequest(
            path: path, arguments: ["--kubeconfig", "\(folder)/kubeconfig", "--cache-dir", "\(folder)/cache"] + arguments,
            environment: ["HOME=\(folder)", "PATH=/usr/bin:/bin"])
    }

    /// What it prints; fails with its own message.
    @discardableResult
    func run(_ arguments: String..., input: String = "") async throws -> String {
        let request = request(arguments)
        let output = try await DedicatedThread.run(named: "kubectl") {
            try request.collectOutput(input: Array(input.utf8), timeout: .seconds(60))
        }
        guard output.status.isSuccess else { throw TestSupportError("kubectl \(arguments): \(output)") }
        return output.standardOutput
    }
}
