import LinuxSystem
import NetworkNamespaceTesting
import Testing

extension FairwayTests {
    /// What is answered before the source has told anything.
    @Suite(
        .enabled(if: Requirement.root, "needs root"), .enabled(if: Requirement.tool("dig"), "needs dig"),
        .enabled(if: Requirement.tool("curl"), "needs curl"))
    struct DNSStateTests {
        private let web = ["web.shop.svc.cluster.local", "A"]

        /// A source that is silent: a folder that does not exist yet. The later of two options counts.
        private func silent(_ server: DNSServerProcess, _ more: [String] = []) throws -> RunningProcess {
            try server.namespace.start(
                [
                    server.fairway, "dns", "--manifests", "\(server.folder.path)/silent", "--admin-socket",
                    "\(server.folder.path)/dns.sock", "--dns-bind-address", "127.0.0.1:53", "--dns-upstream", "none",
                    "--dns-ready-bind-address", "127.0.0.1",
                ] + more)
        }

        private func listens(_ daemon: RunningProcess) async throws {
            for line in ["dns at 127.0.0.1:53", "dns ready at", "admin socket at"] {
                try await daemon.waitForLine(containing: line)
            }
        }

        @Test func `without a state nothing is denied and nothing leaks`() async throws {
            let server = try DNSServerProcess()
            defer { server.close() }
            let daemon = try silent(server, ["--state-dir", ""])
            try await listens(daemon)
            for question in [web, ["none.shop.svc.cluster.local", "A"], ["-x", "10.96.0.80"]] {
                let answer = try await server.digAll(question)
                #expect(answer.contains("status: SERVFAIL"), "\(answer)")
                #expect(answer.contains("EDE: 14"), "\(answer)")
            }
            let ready = try await server.curl("http://127.0.0.1:8181/ready")
            #expect(ready.status == "503")
            #expect(ready.body.contains("not known yet"), "\(ready)")
            // It comes after all.
            try server.folder.write("silent/all.yaml", DNSManifests.all)
            try await daemon.waitForLine(containing: "the zone is complete")
            let answer = try await server.dig(web)
            #expect(answer == ["10.96.0.80"])
            let later = try await server.curl("http://127.0.0.1:8181/ready")
            #expect(later.status == "200", "\(later)")
        }

        @Test func `a killed daemon's successor answers from the state until its source has told`() async throws {
            let server = try DNSServerProcess()
            defer { server.close() }
            let state = ["--state-dir", "\(server.folder.path)/state"]
            let first = try await server.start()
            try await first.waitForLine(containing: "the state is written")
            first.kill()
            _ = try await first.waitForExit()

            let second = try silent(server, state)
            try await listens(second)
            let answer = try await server.digAll(web)
            #expect(answer.contains("10.96.0.80") && answer.contains("status: NOERROR"), "\(answer)")
            #expect(answer.contains("EDE: 3"), "\(answer)")
            let headless = try await server.dig(["db.shop.svc.cluster.local", "A"])
            #expect(headless == ["10.244.0.10", "10.244.0.11"])
            let ready = try await server.curl("http://127.0.0.1:8181/ready")
            #expect(ready.status == "503" && ready.body.contains("last run"), "\(ready)")
            let told = try await server.get(["dns"]).standardOutput
            #expect(told.contains("restored") && told.contains("ready:            false"), "\(told)")

            // What the source does not tell is gone.
            try server.folder.write("silent/all.yaml", DNSManifests.service("late", "10.96.3.3"))
            try await second.waitForLine(containing: "the zone is complete")
            let late = try await server.digAll(["late.shop.svc.cluster.local", "A"])
            #expect(late.contains("10.96.3.3") && !late.contains("EDE:"), "\(late)")
            let gone = try await server.digAll(web)
            #expect(gone.contains("status: NXDOMAIN"), "\(gone)")
        }

        @Test(arguments: [
            ("dns", []),
            // Names are made beside the Services, and what waits for that is written too.
            ("run", ["--proxy-mode", "userspace", "--userspace-bind", "loopback", "--hostname-override", "node-a"]),
        ])
        func `what changed last is written at the end`(command: String, options: [String]) async throws {
            let server = try DNSServerProcess()
            defer { server.close() }
            let first = try await server.start(options, of: command)
            let lines = first.lines.count
            try server.folder.write("manifests/new.yaml", DNSManifests.service("new", "10.96.1.1"))
            try await first.waitForLine(containing: "manifests applied", from: lines)
            first.terminate()
            #expect(try await first.waitForExit() == .exited(0))
            let second = try silent(server, ["--state-dir", "\(server.folder.path)/state"])
            try await listens(second)
            let answer = try await server.dig(["new.shop.svc.cluster.local", "A"])
            #expect(answer == ["10.96.1.1"])
        }

        @Test func `a damaged state is set aside and told`() async throws {
            let server = try DNSServerProcess()
            defer { server.close() }
            try server.folder.write("state/dns-objects.jsonl", "{\"fairwayObjects\":99}\n")
            let daemon = try silent(server, ["--state-dir", "\(server.folder.path)/state"])
            try await daemon.waitForLine(containing: "of version 99")
            try await listens(daemon)
            let answer = try await server.digAll(web)
            #expect(answer.contains("status: SERVFAIL"), "\(answer)")
        }
    }
}
