internal import FoundationEssentials
internal import LinuxSystem

/// A program that gives credentials (client.authentication.k8s.io): what a kubeconfig says of it.
struct ExecPlugin: Sendable, Hashable {
    enum Version: String, Sendable, Hashable, CaseIterable {
        case v1 = "client.authentication.k8s.io/v1"
        case v1beta1 = "client.authentication.k8s.io/v1beta1"
    }

    /// A plugin asks a cloud's API, or somebody's metadata server. One that waits for longer waits for nobody.
    static let timeLimit = Duration.seconds(60)
    /// Of what it wrote to stderr, the end is shown.
    static let shownErrorLimitBytes = 2048

    let version: Version
    /// A path, or a name to be found in PATH.
    let command: String
    let arguments: [String]
    /// `NAME=VALUE`, beside this process's own.
    let environment: [String]
    /// What to do when the program is not there; empty: not said.
    let installHint: String
    /// Nil: the program is not told of the cluster.
    let cluster: ExecCredentialRequest.Cluster?
    let origin: FieldOrigin

    /// Runs the program. Blocks: not for the cooperative pool.
    ///
    /// - Throws: ``ConnectionError`` with the end of what it wrote to stderr.
    func run(timeLimit: Duration = Self.timeLimit) throws(ConnectionError) -> ExecCredential {
        let output: ProcessOutput
        do {
            let request = ProcessRequest(path: try executable(), arguments: arguments, environment: try fullEnvironment())
            output = try request.collectOutput(timeout: timeLimit)
        } catch let error as ConnectionError {
            throw error
        } catch {
            throw fault("\(error)\(hint)")
        }
        guard !output.isTimedOut else {
            throw fault("gave no answer in \(timeLimit.components.seconds) s and was ended\(said(output))")
        }
        guard output.status.isSuccess else { throw fault("ended with \(output.status)\(said(output))") }
        return try ExecCredential(output.standardOutput, of: self)
    }

    func fault(_ message: String) -> ConnectionError {
        origin.fault("plugin \(command): \(message)", .credentials)
    }

    private var hint: String { installHint.isEmpty ? "" : "; \(oneLine(installHint))" }

    private func said(_ output: ProcessOutput) -> String {
        let text = oneLine(output.standardError)
        guard !text.isEmpty else { return ", and wrote nothing to stderr" }
        return ": " + String(decoding: text.utf8.suffix(Self.shownErrorLimitBytes), as: UTF8.self)
    }

    private func oneLine(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).filter { !$0.allSatisfy(\.isWhitespace) }.joined(separator: " | ")
    }

    /// A name is looked for in this process's PATH, as a shell would.
    private func executable() throws(ConnectionError) -> String {
        let files = FileManager.default
        if command.contains("/") {
            guard files.isExecutableFile(atPath: command) else {
                throw fault("no such program, or not executable\(hint)")
            }
            return command
        }
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        for folder in path.split(separator: ":") {
            let candidate = "\(folder)/\(command)"
            if files.isExecutableFile(atPath: candidate) { return candidate }
        }
        throw fault("no program of this name in PATH (\(path))\(hint)")
    }

    private func fullEnvironment() throws -> [String] {
        let request = ExecCredentialRequest(apiVersion: version.rawValue, cluster: cluster)
        let text = String(decoding: try JSONEncoder().encode(request), as: UTF8.self)
        var variables = ProcessInfo.processInfo.environment
        for line in environment {
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            variables[String(parts[0])] = parts.count > 1 ? String(parts[1]) : ""
        }
        variables["KUBERNETES_EXEC_INFO"] = text
        return variables.map { "\($0.key)=\($0.value)" }
    }
}
