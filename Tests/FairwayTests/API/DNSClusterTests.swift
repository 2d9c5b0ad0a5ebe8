import KubernetesModel
import KubernetesModelTesting
import KubernetesTesting
import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import ObjectStore
import Testing

extension FairwayTests {
    /// What is answered while a real watch is silent, breaks off, or begins anew.
    @Suite(
        .enabled(if: Requirement.root, "needs root"), .enabled(if: Requirement.tool("dig"), "needs dig"),
        .timeLimit(.minutes(3)))
    struct DNSClusterTests {
        private static let cluster = ScriptedSource.cluster(3)

        /// `fairway dns` that follows an API server; the daemon does not run yet.
        private func with(_ body: (DNSServerProcess, TestAPIServer, [String]) async throws -> Void) async throws {
            let dns = try DNSServerProcess()
            defer { dns.close() }
            let server = try await TestAPIServer.start(in: dns.namespace)
            let result: Result<Void, any Error>
            do {
                for object in Self.cluster { try server.put(object) }
                try server.writeFiles(into: "\(dns.folder.path)/api")
                let command = [
                    dns.fairway, "dns", "--kubeconfig", "\(dns.folder.path)/api/kubeconfig", "--kube-api-qps", "1000",
                    "--kube-api-burst", "1000", "--state-dir", "", "--admin-socket", "\(dns.folder.path)/dns.sock",
                    "--dns-bind-address", "127.0.0.1:53", "--dns-upstream", "none", "--dns-ready-bind-address",
                    "127.0.0.1:8181", "--dns-metrics-bind-address", "127.0.0.1:9153", "--dns-max-staleness", "1s",
                    "--kube-api-watch-silence", "2s", "--verbose",
                ]
                result = .success(try await body(dns, server, command))
            } catch { result = .failure(error) }
            await server.stop()
            try result.get()
        }

        /// The same once its zone is complete.
        private func withDaemon(
            _ body: (DNSServerProcess, TestAPIServer, RunningProcess) async throws -> Void
        ) async throws {
            try await with { dns, server, command in
                let daemon = try dns.namespace.start(command)
                for line in ["the zone is complete", "dns at 127.0.0.1:53", "dns ready at"] {
                    try await daemon.waitForLine(containing: line, timeout: .seconds(30))
                }
                try await body(dns, server, daemon)
            }
        }

        private func expectNames(_ dns: DNSServerProcess, _ numbers: [Int] = [0, 1, 2], what: String = "") async throws {
            for number in numbers {
                let answer = try await dns.dig(["web\(number).shop.svc.cluster.local", "A"])
                #expect(answer == ["10.96.0.\(number + 1)"], "\(what)")
            }
        }

        private func status(_ dns: DNSServerProcess, _ name: String) async throws -> String {
            let told = try await dns.digAll(["\(name).shop.svc.cluster.local", "A"])
            return told.firstMatch(of: /status: ([A-Z]+)/).map { String($0.1) } ?? told
        }

        private func age(_ dns: DNSServerProcess) async throws -> Double {
            let page = try await dns.curl("http://127.0.0.1:9153/metrics").body
            let line = page.split(separator: "\n").first { $0.hasPrefix("fairway_dns_data_age_seconds ") }
            return line?.split(separator: " ").last.flatMap { Double($0) } ?? -1
        }

        private func ready(_ dns: DNSServerProcess) async throws -> (status: String, body: String) {
            try await dns.curl("http://127.0.0.1:8181/ready")
        }

        @Test func `a server that is gone takes no name with it, and the age of what is answered is told`() async throws {
            try await withDaemon { dns, server, daemon in
                try await expectNames(dns)
                let before = try await age(dns)
                #expect(before == 0)
                await server.stopListening()
                try await daemon.waitForLine(containing: "the source is lost")
                try await eventually("it is no longer ready") { try await ready(dns).status == "503" }
                let told = try await ready(dns)
                #expect(told.body.contains("longer than --dns-max-staleness 1s"), "\(told)")
                let old = try await age(dns)
                #expect(old > 1)
                try await expectNames(dns)
                let page = try await dns.get(["dns"]).standardOutput
                #expect(page.contains("source:           lost"), "\(page)")

                try server.delete(.services, "shop", "web1")
                try server.put(KubernetesObject.service(.make("late", namespace: "shop", clusterIPs: ["10.96.1.1"])))
                try await server.listen()
                try await daemon.waitForLine(containing: "the source is back", timeout: .seconds(30))
                try await eventually("what changed meanwhile is answered") {
                    try await dns.dig(["late.shop.svc.cluster.local", "A"]) == ["10.96.1.1"]
                }
                try await eventually("what vanished is denied") { try await status(dns, "web1") == "NXDOMAIN" }
                try await eventually("it is ready") { try await ready(dns).status == "200" }
                let now = try await age(dns)
                #expect(now == 0)
                try await expectNames(dns, [0, 2])
            }
        }

        @Test func `a watch that falls silent is noticed, and goes on where it was`() async throws {
            try await withDaemon { dns, server, daemon in
                // Bookmarks are what silence is measured by.
                try await server.request(.watch, of: "services")
                for round in 0..<1 {
                    let start = daemon.lines.count
                    server.disturbWatches(.stall())
                    try server.put(
                        KubernetesObject.service(.make("late\(round)", namespace: "shop", clusterIPs: ["10.96.1.\(round)"])))
                    try await daemon.waitForLine(containing: "the source is lost", from: start, timeout: .seconds(30))
                    try await expectNames(dns)
                    try await daemon.waitForLine(containing: "the source is back", from: start, timeout: .seconds(30))
                    try await eventually("what changed meanwhile is answered") {
                        try await dns.dig(["late\(round).shop.svc.cluster.local", "A"]) == ["10.96.1.\(round)"]
                    }
                }
            }
        }

        @Test func `watches that break off anywhere take no name away`() async throws {
            try await withDaemon { dns, server, _ in
                for (round, ending) in [Fault.Ending.clean, .midObject, .midObjectAbruptly, .midChunk].enumerated() {
                    server.disturbWatches(.end(ending))
                    try server.put(
                        KubernetesObject.service(.make("late\(round)", namespace: "shop", clusterIPs: ["10.96.1.\(round)"])))
                    var answer: [String] = []
                    try await eventually("what changed meanwhile is answered after \(ending)", within: .seconds(40)) {
                        try await expectNames(dns, what: "after \(ending)")
                        answer = try await dns.dig(["late\(round).shop.svc.cluster.local", "A"])
                        return !answer.isEmpty
                    }
                    #expect(answer == ["10.96.1.\(round)"])
                }
                try await eventually("it is ready") { try await ready(dns).status == "200" }
            }
        }

        @Test func `while everything is listed anew names stay, and at its end those go that it did not tell`() async throws {
            try await withDaemon { dns, server, daemon in
                server.inject(.noAnswer, verbs: [.list, .watch], count: nil)
                server.disturbWatches(.end(.midObjectAbruptly))
                try server.delete(.services, "shop", "web1")
                try await daemon.waitForLine(containing: "the source is lost")
                server.compact()
                // Lists of Services break off behind their first object.
                server.removeFaults()
                let hits = server.faultHits
                let cut = server.inject(.end(.midChunk, afterEvents: 1), verbs: [.list, .watch], of: "services", count: nil)
                try await eventually("lists break off", within: .seconds(40)) { server.faultHits >= hits + 3 }
                try await expectNames(dns, what: "while lists break off")
                server.removeFault(cut)
                try await eventually("what vanished is denied", within: .seconds(40)) {
                    try await status(dns, "web1") == "NXDOMAIN"
                }
                try await expectNames(dns, [0, 2])
                try await daemon.waitForLine(containing: "the source is back", timeout: .seconds(40))
            }
        }

        @Test func `a first list that breaks off denies nothing`() async throws {
            try await with { dns, server, command in
                let cut = server.inject(.end(.midChunk, afterEvents: 1), verbs: [.list, .watch], of: "services", count: nil)
                let daemon = try dns.namespace.start(command)
                try await daemon.waitForLine(containing: "dns at 127.0.0.1:53", timeout: .seconds(30))
                try await eventually("the list broke off twice") { server.faultHits >= 2 }
                for name in ["web0", "web2", "none"] {
                    let told = try await status(dns, name)
                    #expect(told == "SERVFAIL", "\(name)")
                }
                let before = try await ready(dns)
                #expect(before.status == "503", "\(before)")
                server.removeFault(cut)
                try await daemon.waitForLine(containing: "the zone is complete", timeout: .seconds(30))
                try await expectNames(dns)
                let denied = try await status(dns, "none")
                #expect(denied == "NXDOMAIN")
                try await eventually("it is ready") { try await ready(dns).status == "200" }
            }
        }
    }
}
