import FoundationEssentials
import LinuxSystem
import NetworkNamespaceTesting
import Testing

extension FairwayTests {
    /// What the README says about names.
    @Suite(
        .enabled(if: Requirement.root, "needs root"), .enabled(if: Requirement.tool("dig"), "needs dig"))
    struct DNSReadmeTests {
        /// The chapter, line by line.
        private static func chapter() throws -> [String] {
            let readme = try String(contentsOfFile: packageRoot() + "/README.md", encoding: .utf8)
            let lines = readme.split(separator: "\n", omittingEmptySubsequences: false).map { String($0) }
            let begin = try #require(lines.firstIndex(of: "## Names"))
            return Array(lines[(begin + 1)...].prefix { !$0.hasPrefix("## ") })
        }

        /// The options that the chapter has in code type.
        private static func options() throws -> Set<String> {
            let parts = try chapter().joined(separator: "\n").split(separator: "`", omittingEmptySubsequences: false)
            let code = parts.enumerated().filter { $0.offset % 2 == 1 }.map { String($0.element) }
            return Set(code.filter { $0.hasPrefix("--dns-") })
        }

        @Test func `its commands that need no rights work as they stand`() async throws {
            try await DNSServerProcess.with { server, _ in
                // The program, socket and state of this test; the port is as it stands.
                let socket = ["--admin-socket", "\(server.folder.path)/readme.sock"]
                var ran: Set<String> = []
                for line in try Self.chapter() where line.hasPrefix("    ") && !line.hasPrefix("    fairway run ") {
                    var words = line.split(separator: " ").map { String($0) }
                    let kind = words.prefix(words[0] == "dig" ? 1 : 2).joined(separator: " ")
                    ran.insert(kind)
                    if words[0] == "fairway" { words = [server.fairway] + words.dropFirst() + socket }
                    if kind == "fairway dns" {
                        let folder = try #require(words.firstIndex(of: "--manifests")) + 1
                        words[folder] = packageRoot() + "/" + words[folder]
                        let state = ["--state-dir", "\(server.folder.path)/readme"]
                        let daemon = try server.namespace.start(words + state)
                        for text in ["the zone is complete", "admin socket at", "dns at"] {
                            try await daemon.waitForLine(containing: text)
                        }
                    } else {
                        let output = try await server.namespace.run(words)
                        #expect(output.status == .exited(0) && !output.standardOutput.isEmpty, "\(line): \(output)")
                        if kind == "dig" { #expect(output.standardOutput == "10.96.0.80\n", "\(line)") }
                    }
                }
                #expect(ran == ["fairway dns", "dig", "fairway get"])
            }
        }

        @Test func `every option of DNS is in it, and no other`() async throws {
            let network = TestNetwork()
            defer { network.close() }
            let help = try await network.addNamespace("cli").run([productPath("fairway"), "dns", "--help"]).standardOutput
            let options = Set(help.split(whereSeparator: \.isWhitespace).filter { $0.hasPrefix("--dns-") }.map { String($0) })
            let described = try Self.options()
            #expect(described == options)
        }
    }
}
