import LinuxSystem
import NetworkNamespaceTesting

/// Runs `body` on a fresh thread in a network namespace of its own, which ends with the thread.
func inNetworkNamespace<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    try await NetworkNamespace.make().inside(body)
}

/// Runs a command in the calling thread's namespace and returns what it printed.
@discardableResult
func run(_ tool: String, _ arguments: String..., input: String = "") throws -> String {
    try run(tool, arguments: arguments, input: input)
}

@discardableResult
func run(_ tool: String, arguments: [String], input: String = "") throws -> String {
    guard let path = toolPath(tool) else { throw TestSupportError("\(tool) is not installed") }
    let output = try ProcessRequest(path: path, arguments: arguments)
        .collectOutput(input: Array(input.utf8), timeout: .seconds(60))
    guard output.status.isSuccess else { throw TestSupportError("\(tool) \(arguments): \(output)") }
    return output.standardOutput
}

/// nft's listing of the calling thread's namespace.
func nftList() throws -> String { try run("nft", "list", "ruleset") }

/// Loads a ruleset with nft into the calling thread's namespace.
func nftLoad(_ ruleset: String) throws { try run("nft", "-f", "-", input: ruleset) }
