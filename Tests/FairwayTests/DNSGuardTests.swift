import FoundationEssentials
import LinuxSystem
import NetworkNamespaceTesting
import Testing

extension FairwayTests {
    /// What keeps a server from being misused, and what tells who asks it.
    @Suite(
        .enabled(if: Requirement.root, "needs root"), .enabled(if: Requirement.tool("dig"), "needs dig"),
        .enabled(if: Requirement.tool("curl"), "needs curl"))
    struct DNSGuardTests {
        private static let metrics = ["--dns-metrics-bind-address", "127.0.0.1:9153"]

        /// The figure of a series, by the text before it.
        private func figure(_ series: String, _ server: DNSServerProcess) async throws -> Double {
            let page = try await server.curl("http://127.0.0.1:9153/metrics").body
            let line = try #require(page.split(separator: "\n").first { $0.hasPrefix(series + " ") }, "no \(series) in\n\(page)")
            return try #require(line.split(separator: " ").last.flatMap { Double($0) }, "\(line)")
        }

        /// Asks for each name in turn, once, and does not come back by TCP.
        private func digEach(_ names: [String], _ server: DNSServerProcess) async throws -> String {
            let file = try server.folder.write("names", names.map { "\($0) A\n" }.joined())
            let command = ["dig", "@127.0.0.1", "+tries=1", "+timeout=1", "+ignore", "-f", file]
            return try await server.namespace.run(command, timeout: .seconds(60)).standardOutput
        }

        @Test func `a client that asks for many names that do not exist gets few answers`() async throws {
            try await DNSServerProcess.with(["--dns-nxdomain-rate", "1", "--dns-workers", "1"] + Self.metrics) { server, daemon in
                try await daemon.waitForLine(containing: "dns metrics at")
                let answers = try await digEach((0..<30).map { "none-\($0).shop.svc.cluster.local" }, server)
                let refused = answers.split(separator: "\n").filter { $0.contains("flags: qr") && $0.contains(" tc") }
                #expect(answers.contains("status: NXDOMAIN"), "\(answers)")
                #expect(!refused.isEmpty, "\(answers)")
                #expect(answers.contains("timed out"), "\(answers)")
                let truncated = try await figure("fairway_dns_nxdomain_truncated_total", server)
                let withheld = try await figure("fairway_dns_dropped_total{reason=\"nxdomain_rate\"}", server)
                #expect(truncated == Double(refused.count))
                #expect(withheld >= 1)
                // Names that exist, and TCP, are not limited.
                let there = try await server.dig(["web.shop.svc.cluster.local", "A"])
                #expect(there == ["10.96.0.80"])
                let stream = try await server.digAll(["none.shop.svc.cluster.local", "A", "+tcp"])
                #expect(stream.contains("status: NXDOMAIN"), "\(stream)")
                let text = try await server.get(["dns"]).standardOutput
                #expect(text.contains("beyond rate:      \(Int(withheld)) NXDOMAIN withheld"), "\(text)")
            }
        }

        @Test func `without a limit nobody is refused an answer`() async throws {
            try await DNSServerProcess.with(["--dns-workers", "1"] + Self.metrics) { server, daemon in
                try await daemon.waitForLine(containing: "dns metrics at")
                let answers = try await digEach((0..<60).map { "none-\($0).shop.svc.cluster.local" }, server)
                #expect(answers.split(separator: "\n").count { $0.contains("status: NXDOMAIN") } == 60, "\(answers)")
                let withheld = try await figure("fairway_dns_dropped_total{reason=\"nxdomain_rate\"}", server)
                #expect(withheld == 0)
            }
        }

        @Test func `every question is a line of the log, also the last before the end`() async throws {
            try await DNSServerProcess.with(["--dns-query-log"] + Self.metrics) { server, daemon in
                try await daemon.waitForLine(containing: "dns metrics at")
                _ = try await server.dig(["web.shop.svc.cluster.local", "A"])
                let line = try await daemon.waitForLine(containing: " 127.0.0.1 udp web.shop.svc.cluster.local. A NOERROR ")
                let fields = line.split(separator: " ")
                #expect(fields.count == 8, "\(line)")
                #expect(fields[0].wholeMatch(of: /20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z/) != nil, "\(line)")
                _ = try await server.dig(["www.example.com", "AAAA", "+tcp"])
                try await daemon.waitForLine(containing: " 127.0.0.1 tcp www.example.com. AAAA REFUSED ")
                let dropped = try await figure("fairway_dns_query_log_dropped_total", server)
                #expect(dropped == 0)
                _ = try await server.dig(["none.shop.svc.cluster.local", "TXT"])
                daemon.terminate()
                let status = try await daemon.waitForExit()
                #expect(status == .exited(0), "\(daemon.lines)")
                #expect(daemon.lines.contains { $0.contains(" none.shop.svc.cluster.local. TXT NXDOMAIN ") }, "\(daemon.lines)")
            }
        }

        @Test func `who asks most and for what is told`() async throws {
            try await DNSServerProcess.with { server, _ in
                // Far more than what a sample of one in 64 can miss.
                let names = Array(repeating: "web.shop.svc.cluster.local", count: 2500) + ["db.shop.svc.cluster.local"]
                _ = try await digEach(names, server)
                let text = try await server.get(["dns"]).standardOutput
                #expect(text.contains(/client: +127\.0\.0\.1 \d+/), "\(text)")
                #expect(text.contains(/name: +web\.shop\.svc\.cluster\.local\. \d+/), "\(text)")
                struct Document: Decodable {
                    struct Frequent: Decodable { var name: String, queries: UInt64 }
                    struct Top: Decodable { var clients: [Frequent], names: [Frequent], queries: UInt64, sampled: UInt64 }
                    var top: Top
                }
                let json = try await server.get(["dns", "-o", "json"]).standardOutput
                let top = try JSONDecoder().decode(Document.self, from: Data(json.utf8)).top
                #expect(top.clients.map(\.name) == ["127.0.0.1"], "\(json)")
                #expect(top.names.first?.name == "web.shop.svc.cluster.local.", "\(json)")
                // 40 samples on average: a third or three times as many are beyond any chance.
                #expect((800...7500).contains(top.queries), "\(json)")
                #expect(top.sampled * 64 == top.queries, "\(json)")
            }
        }

        @Test func `as many descriptors as are allowed may be open`() async throws {
            let server = try DNSServerProcess()
            defer { server.close() }
            let daemon = try server.namespace.start(["prlimit", "--nofile=256:4096"] + server.command())
            try await daemon.waitForLine(containing: "dns at 127.0.0.1:53")
            let limits = try await server.namespace.run(["cat", "/proc/\(daemon.pid)/limits"]).standardOutput
            let line = try #require(limits.split(separator: "\n").first { $0.hasPrefix("Max open files") })
            #expect(line.split(separator: " ").filter { Int($0) != nil } == ["4096", "4096"], "\(line)")
        }
    }
}
