import DNSTesting
import DNSWire
import KubernetesModel
import KubernetesModelTesting
import LinuxSystem
import NetworkNamespaceTesting
import ObjectStore
import Observability
import Testing

@testable import fairway

extension FairwayTests {
    /// What is answered while the source is silent, lists anew, or breaks off.
    @Suite struct DNSSourceTests {
        private static let cluster = ScriptedSource.cluster(3)
        private static let names = [
            "web0.shop.svc.cluster.local.", "web1.shop.svc.cluster.local.", "web2.shop.svc.cluster.local.",
            "db.shop.svc.cluster.local.",
        ]

        private func expectEveryName(_ dns: SourcedDNS, _ what: String = "") async throws {
            for name in Self.names {
                let answer = try await dns.ask(name)
                #expect(answer.responseCode == .noError && answer.answers.count == 1, "\(what) \(name): \(answer)")
            }
        }

        @Test func `a silent source takes no name with it, and the age of what is answered grows`() async throws {
            try await SourcedDNS.with(maximumStaleness: .seconds(60)) { dns in
                dns.source.list(Self.cluster)
                try await expectEveryName(dns)
                #expect(dns.metric("fairway_dns_data_age_seconds") == "fairway_dns_data_age_seconds 0")
                #expect(dns.ready.status == 200)

                dns.source.loses(since: dns.now)
                for (passed, age, status) in [(0, 0, 200), (60, 60, 200), (1, 61, 503), (86_400, 86_461, 503)] as [(Int64, Int, Int)] {
                    dns.pass(seconds: passed)
                    try await expectEveryName(dns, "after \(age) s")
                    #expect(dns.metric("fairway_dns_data_age_seconds") == "fairway_dns_data_age_seconds \(age)")
                    #expect(dns.metric("fairway_dns_source_age_seconds{kind=\"Service\"}")?.hasSuffix(" \(age)") == true)
                    #expect(dns.ready.status == status)
                }
                #expect(dns.ready.text.contains("86461s") && dns.ready.text.contains("--dns-max-staleness 60s"), "\(dns.ready.text)")
                let denied = try await dns.ask("none.shop.svc.cluster.local.")
                #expect(denied.responseCode == .nameError)

                // It goes on where it was, with what happened meanwhile.
                dns.source.deliver([.set(.service(.make("late", namespace: "shop", clusterIPs: ["10.96.1.1"])))])
                dns.source.resumes()
                #expect(dns.metric("fairway_dns_data_age_seconds") == "fairway_dns_data_age_seconds 0")
                #expect(dns.ready.status == 200)
                let late = try await dns.ask("late.shop.svc.cluster.local.")
                #expect(late.answers.count == 1)
                #expect(dns.upstream.queries.isEmpty)
            }
        }

        @Test func `one kind that is lost counts, and without a limit readiness stays`() async throws {
            try await SourcedDNS.with { dns in
                dns.source.list(Self.cluster)
                dns.source.loses(since: dns.now, [.endpointSlice])
                dns.pass(seconds: 1000)
                #expect(dns.metric("fairway_dns_data_age_seconds") == "fairway_dns_data_age_seconds 1000")
                #expect(dns.metric("fairway_dns_source_age_seconds{kind=\"EndpointSlice\"}")?.hasSuffix(" 1000") == true)
                #expect(dns.metric("fairway_dns_source_age_seconds{kind=\"Service\"}")?.hasSuffix(" 0") == true)
                #expect(dns.ready.status == 200)
                #expect(dns.dns.engine.readiness.sourceText == "lost")
            }
        }

        @Test func `while everything is listed anew names stay, and at its end those go that it did not tell`() async throws {
            try await SourcedDNS.with(maximumStaleness: .seconds(10)) { dns in
                dns.source.list(Self.cluster)
                dns.source.loses(since: dns.now)
                dns.pass(seconds: 30)
                // Without web1.
                let now = Self.cluster.filter { $0.metadata.name != "web1" }
                for end in now.indices {
                    dns.source.beginList(now[..<end])
                    try await expectEveryName(dns, "after \(end) of \(now.count)")
                    #expect(dns.dns.engine.readiness.sourceText == "resynchronising")
                    #expect(dns.ready.status == 503)
                    dns.source.endList(now[end...])
                    let gone = try await dns.ask("web1.shop.svc.cluster.local.")
                    #expect(gone.responseCode == .nameError, "after \(end): \(gone)")
                    #expect(dns.ready.status == 200)
                    #expect(dns.metric("fairway_dns_data_age_seconds") == "fairway_dns_data_age_seconds 0")
                    dns.source.list(Self.cluster)
                    dns.source.loses(since: dns.now)
                    dns.pass(seconds: 30)
                }
                #expect(dns.upstream.queries.isEmpty)
            }
        }

        @Test func `a list that breaks off anywhere takes nothing away`() async throws {
            try await SourcedDNS.with { dns in
                dns.source.list(Self.cluster)
                for end in Self.cluster.indices {
                    dns.source.beginList(Self.cluster[..<end])
                    dns.source.loses(since: dns.now - 5)
                    try await expectEveryName(dns, "broken off after \(end)")
                    #expect(dns.metric("fairway_dns_data_age_seconds") == "fairway_dns_data_age_seconds 5")
                }
                // The next list counts from its own beginning.
                dns.source.beginList([])
                dns.source.endList(Self.cluster.filter { $0.metadata.name != "web2" })
                let gone = try await dns.ask("web2.shop.svc.cluster.local.")
                #expect(gone.responseCode == .nameError)
                let kept = try await dns.ask("db.shop.svc.cluster.local.")
                #expect(kept.answers.count == 1)
            }
        }

        @Test func `a first list that breaks off denies nothing, and nothing of it is asked of others`() async throws {
            try await SourcedDNS.with { dns in
                let questions: [(String, RecordType)] = [
                    ("web0.shop.svc.cluster.local.", .a), ("web2.shop.svc.cluster.local.", .aaaa),
                    ("none.shop.svc.cluster.local.", .a), ("_http._tcp.db.shop.svc.cluster.local.", .srv),
                    ("cluster.local.", .soa), ("1.0.96.10.in-addr.arpa.", .ptr),
                ]
                func expectFailure(_ what: String) async throws {
                    for (name, type) in questions {
                        let answer = try await dns.ask(name, type)
                        #expect(answer.responseCode == .serverFailure, "\(what) \(name): \(answer)")
                        #expect(answer.extendedErrorCode == 14, "\(what) \(name): \(answer)")
                        #expect(answer.answers.isEmpty)
                    }
                    #expect(dns.ready.status == 503)
                    #expect(dns.metric("fairway_dns_data_age_seconds") == "fairway_dns_data_age_seconds +Inf")
                }
                try await expectFailure("before")
                for end in Self.cluster.indices {
                    dns.source.beginList(Self.cluster[..<end])
                    dns.source.loses(since: dns.now)
                    dns.pass(seconds: 1)
                    try await expectFailure("broken off after \(end)")
                }
                // Every kind but one.
                dns.source.beginList(Self.cluster)
                dns.source.deliver(ScriptedSource.kinds.filter { $0 != .endpointSlice }.map(StoreEvent.synced))
                try await expectFailure("but one kind")
                #expect(dns.upstream.queries.isEmpty)
                // Others' names are asked all the while.
                let foreign = try await dns.ask("www.example.com.")
                #expect(foreign.answers.count == 1)
                #expect(dns.upstream.queries.count == 1)

                dns.source.endList(Self.cluster)
                try await expectEveryName(dns)
                #expect(dns.ready.status == 200)
            }
        }

        @Test(.enabled(if: Requirement.root, "needs root"), .enabled(if: Requirement.tool("dig"), "needs dig"))
        func `a folder of manifests that goes away is a lost source`() async throws {
            let more = ["--dns-ready-bind-address", "127.0.0.1:8181", "--dns-max-staleness", "1s"]
            try await DNSServerProcess.with(more) { server, daemon in
                try await daemon.waitForLine(containing: "dns ready at")
                let before = try await server.curl("http://127.0.0.1:8181/ready")
                #expect(before.status == "200")
                try server.folder.move("manifests", to: "away")
                try await daemon.waitForLine(containing: "the source is lost")
                var ready = before
                while ready.status == "200" { ready = try await server.curl("http://127.0.0.1:8181/ready") }
                #expect(ready.body.contains("longer than --dns-max-staleness 1s"), "\(ready)")
                let answer = try await server.dig(["web.shop.svc.cluster.local", "A"])
                #expect(answer == ["10.96.0.80"])
                let told = try await server.get(["dns"]).standardOutput
                #expect(told.contains("source:           lost"), "\(told)")

                try server.folder.write("away/all.yaml", DNSManifests.service("new", "10.96.1.1"))
                try server.folder.move("away", to: "manifests")
                try await daemon.waitForLine(containing: "the source is back")
                let after = try await server.curl("http://127.0.0.1:8181/ready")
                #expect(after.status == "200", "\(after)")
                let gone = try await server.digAll(["web.shop.svc.cluster.local", "A"])
                #expect(gone.contains("status: NXDOMAIN"), "\(gone)")
            }
        }

        @Test(.enabled(if: Requirement.root, "needs root"), .enabled(if: Requirement.tool("dig"), "needs dig"))
        func `the node daemon's source is lost likewise, and its rules stay`() async throws {
            let node = try await FairwayNode.bare(pods: 1, services: Manifests.services)
            defer { node.close() }
            let daemon = try await node.startDaemon(["--dns-bind-address", "127.0.0.1:5300", "--dns-upstream", "none", "--verbose"])
            try await daemon.waitForLine(containing: "the zone is complete")
            let rules = try await node.ruleset()
            try node.folder.move("manifests", to: "away")
            try await daemon.waitForLine(containing: "the source is lost")
            let told = try await node.get(["dns"]).standardOutput
            #expect(told.contains("source:           lost") && told.contains("ready:            true"), "\(told)")
            let after = try await node.ruleset()
            #expect(after == rules)
            try node.folder.move("away", to: "manifests")
            try await daemon.waitForLine(containing: "the source is back")
            let back = try await node.get(["dns"]).standardOutput
            #expect(back.contains("source:           connected") && back.contains("age of data:      0s"), "\(back)")
        }
    }
}
