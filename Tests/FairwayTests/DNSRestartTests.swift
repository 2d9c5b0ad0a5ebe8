import Glibc
import LinuxSystem
import NetworkNamespaceTesting
import Testing

extension FairwayTests {
    /// Restarts under load: no question is lost. FAIRWAY_DNS_RESTARTS and FAIRWAY_DNS_QUERIES make it longer.
    @Suite(.enabled(if: Requirement.root, "needs root"), .enabled(if: Requirement.tool("dnsperf"), "needs dnsperf"))
    struct DNSRestartTests {
        private static let restarts = number("FAIRWAY_DNS_RESTARTS") ?? 3
        private static let queries = number("FAIRWAY_DNS_QUERIES") ?? 50_000
        /// In a second: far below what one core answers, so that nothing is lost but by a restart.
        private static let rate = 8_000

        private static func number(_ name: String) -> Int? {
            // SAFETY: the C string that getenv returns is read at once; nobody sets variables in this process.
            unsafe getenv(name).flatMap { unsafe Int(String(cString: $0)) }
        }

        /// dnsperf's questions to 127.0.0.1:53, until it is interrupted.
        private func load(_ namespace: TestNamespace, _ folder: ScratchFolder, name: String) async throws -> RunningProcess {
            let file = try folder.write("queries", "\(name) A\n\(name) AAAA\nnone.shop.svc.cluster.local A\n")
            let process = try namespace.start([
                "stdbuf", "-oL", "dnsperf", "-s", "127.0.0.1", "-p", "53", "-d", file, "-l", "600", "-Q", "\(Self.rate)", "-c", "20", "-t", "5",
            ])
            try await process.waitForLine(containing: "[Status] Sending queries")
            return process
        }

        /// Ends the load after its number of queries.
        private func finish(_ load: RunningProcess, since begin: ContinuousClock.Instant) async throws -> (sent: Int, lost: Int) {
            let rest = Duration.seconds(Double(Self.queries) * 1.1 / Double(Self.rate)) - (ContinuousClock.now - begin)
            if rest > .zero { try await Task.sleep(for: rest) }
            load.signal(SIGINT)
            _ = try await load.waitForExit(timeout: .seconds(30))
            func figure(_ title: String) throws -> Int {
                let line = try #require(load.lines.first { $0.contains(title) }, "\(load.lines)")
                let words = line.split(separator: ":")[1].split(separator: " ")
                return try #require(words.first.flatMap { Int($0) }, "\(line)")
            }
            return (try figure("Queries sent:"), try figure("Queries lost:"))
        }

        @Test func `fairway dns is restarted under load and no question is lost`() async throws {
            try await DNSServerProcess.with(["--take-over"]) { server, first in
                var current = first
                let begin = ContinuousClock.now
                let load = try await load(server.namespace, server.folder, name: "web.shop.svc.cluster.local")
                for _ in 0..<Self.restarts {
                    let next = try await server.start(["--take-over"])
                    current.terminate()
                    let status = try await current.waitForExit()
                    #expect(status == .exited(0), "\(current.lines)")
                    current = next
                    try await Task.sleep(for: .seconds(Double(Self.queries) / Double(Self.rate * (Self.restarts + 1))))
                }
                let (sent, lost) = try await finish(load, since: begin)
                #expect(sent >= Self.queries)
                #expect(lost == 0, "\(load.lines)")
            }
        }

        @Test func `fairway run takes over from the one before it and loses no question`() async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            let dns = ["--dns-bind-address", "127.0.0.1:53", "--dns-upstream", "none"]
            var current = try await cluster.startDaemon(dns)
            try await current.waitForLine(containing: "dns at 127.0.0.1:53")
            let refused = try cluster.node.start(cluster.runCommand(dns))
            #expect(try await refused.waitForExit() == .exited(1), "a second one without --take-over")

            let load = try await load(cluster.node, cluster.folder, name: "web.shop.svc.cluster.local")
            for _ in 0..<2 {
                let next = try await cluster.startDaemon(dns + ["--take-over"])
                #expect(next.lines.contains { $0.contains("takes over from pid \(current.pid)") }, "\(next.lines)")
                let status = try await current.waitForExit()
                #expect(status == .exited(0), "\(current.lines)")
                current = next
            }
            load.signal(SIGINT)
            _ = try await load.waitForExit(timeout: .seconds(30))
            let lost = try #require(load.lines.first { $0.contains("Queries lost:") })
            #expect(lost.contains(" 0 ("), "\(load.lines)")
            try await cluster.waitUntilServed(by: Set(cluster.pods.map(\.name)))
        }
    }
}
