import FoundationEssentials
import LinuxSystem
import NetworkNamespaceTesting
import Testing

extension FairwayTests {
    /// The commands of examples/dns/README.md do what the page says.
    @Suite(.enabled(if: Requirement.root, "needs root"), .enabled(if: Requirement.tool("dig"), "needs dig"))
    struct DNSExampleTests {
        /// A command, and the lines it is said to print.
        private struct Step {
            var command: String
            var output: [String] = []
        }

        private static func steps() throws -> [Step] {
            let page = try String(contentsOfFile: packageRoot() + "/examples/dns/README.md", encoding: .utf8)
            var steps: [Step] = []
            for line in page.split(separator: "\n", omittingEmptySubsequences: false) where line.hasPrefix("    ") {
                let text = line.dropFirst(4)
                if text.hasPrefix("$ ") {
                    steps.append(Step(command: String(text.dropFirst(2))))
                } else if !steps.isEmpty {
                    steps[steps.count - 1].output.append(String(text))
                }
            }
            return steps
        }

        @Test func `the page's commands print what it shows`() async throws {
            let network = TestNetwork()
            defer { network.close() }
            let (namespace, folder) = (try network.addNamespace("example"), try ScratchFolder())
            let fairway = try productPath("fairway")
            let steps = try Self.steps()
            #expect(steps.count > 10)
            func shell(_ step: Step) -> [String] {
                // The program and the socket of this test; everything else as it stands.
                var command = step.command.replacing("/tmp/fairway-dns.sock", with: "\(folder.path)/dns.sock")
                if command.hasPrefix("fairway ") { command = fairway + command.dropFirst("fairway".count) }
                return ["sh", "-c", "cd '\(packageRoot())' && exec \(command)"]
            }
            for var step in steps {
                if step.command.hasSuffix(" &") {
                    step.command.removeLast(2)
                    let server = try namespace.start(shell(step))
                    try await server.waitForLine(containing: "the zone is complete")
                    if step.command.contains("fairway-dns.sock") { try await server.waitForLine(containing: "admin socket at") }
                    continue
                }
                let piped = step.command.contains(" | ")
                let command = shell(step).map { piped ? $0.replacing("exec ", with: "") : $0 }
                let output = try await namespace.run(command)
                // Addresses are rotated.
                let lines = output.standardOutput.split(separator: "\n").map { String($0) }.sorted()
                #expect(lines == step.output, "\(step.command): \(output)")
            }
        }
    }
}
