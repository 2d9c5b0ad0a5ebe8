import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Testing

extension FairwayTests {
    /// `fairway dns` as a process, asked with dig.
    @Suite(
        .enabled(if: Requirement.root, "needs root"), .enabled(if: Requirement.tool("dig"), "needs dig"),
        .enabled(if: Requirement.tool("curl"), "needs curl"))
    struct DNSDaemonTests {
        private static let questions: [([String], [String])] = [
            (["web.shop.svc.cluster.local", "A"], ["10.96.0.80"]),
            (["web.shop.svc.cluster.local", "AAAA"], ["fd00:10:96::80"]),
            (["db.shop.svc.cluster.local", "A"], ["10.244.0.10", "10.244.0.11"]),
            (["db-1.db.shop.svc.cluster.local", "A"], ["10.244.0.11"]),
            (["out.shop.svc.cluster.local", "CNAME"], ["www.example.com."]),
            (["-x", "10.96.0.80"], ["web.shop.svc.cluster.local."]),
            (["-x", "10.244.0.10"], ["db-0.db.shop.svc.cluster.local."]),
            (["10-1-2-3.shop.pod.cluster.local", "A"], ["10.1.2.3"]),
            (["dns-version.cluster.local", "TXT"], ["\"1.1.0\""]),
            (["web.shop.svc.cluster.local", "A", "+tcp"], ["10.96.0.80"]),
        ]

        @Test func `names of a folder of manifests are answered over UDP and TCP`() async throws {
            try await DNSServerProcess.with { server, daemon in
                for (question, expected) in Self.questions {
                    let answer = try await server.dig(question)
                    #expect(answer == expected, "\(question)")
                }
                // Nobody else is asked.
                let foreign = try await server.digAll(["www.example.com", "A"])
                #expect(foreign.contains("status: REFUSED"), "\(foreign)")
                daemon.terminate()
                let status = try await daemon.waitForExit()
                #expect(status == .exited(0), "\(daemon.lines)")
            }
        }

        @Test func `a new Service and an address that moves are answered at once`() async throws {
            try await DNSServerProcess.with { server, daemon in
                let before = try await server.digAll(["new.shop.svc.cluster.local", "A"])
                #expect(before.contains("status: NXDOMAIN"), "\(before)")
                for (name, address) in [("new", "10.96.1.1"), ("new", "10.96.1.2"), ("other", "10.96.1.3")] {
                    let lines = daemon.lines.count
                    try server.folder.replace("manifests/\(name).yaml", DNSManifests.service(name, address))
                    // Read and published: nothing else is to be waited for.
                    try await daemon.waitForLine(containing: "manifests applied", from: lines)
                    let answer = try await server.dig(["\(name).shop.svc.cluster.local", "A"])
                    #expect(answer == [address])
                }
                let lines = daemon.lines.count
                try server.folder.delete("manifests/new.yaml")
                try await daemon.waitForLine(containing: "manifests applied", from: lines)
                let gone = try await server.digAll(["new.shop.svc.cluster.local", "A"])
                #expect(gone.contains("status: NXDOMAIN"), "\(gone)")
            }
        }

        @Test func `only chosen namespaces and Services have names, as their labels are now`() async throws {
            let options = ["--dns-namespace-selector", "tier=public"]
            try await DNSServerProcess.with(options) { server, daemon in
                let hidden = try await server.digAll(["web.shop.svc.cluster.local", "A"])
                #expect(hidden.contains("status: NXDOMAIN"), "\(hidden)")
                var lines = daemon.lines.count
                let shown = DNSManifests.all.replacing("metadata: {name: shop}", with: "metadata: {name: shop, labels: {tier: public}}")
                try server.folder.replace("manifests/all.yaml", shown)
                try await daemon.waitForLine(containing: "manifests applied", from: lines)
                let answer = try await server.dig(["web.shop.svc.cluster.local", "A"])
                #expect(answer == ["10.96.0.80"])
                lines = daemon.lines.count
                try server.folder.replace("manifests/all.yaml", DNSManifests.all)
                try await daemon.waitForLine(containing: "manifests applied", from: lines)
                let again = try await server.digAll(["web.shop.svc.cluster.local", "A"])
                #expect(again.contains("status: NXDOMAIN"), "\(again)")
            }
        }

        @Test func `health, readiness and metrics are those of CoreDNS`() async throws {
            let pages = [
                "--dns-health-bind-address", "127.0.0.1", "--dns-ready-bind-address", ":8181", "--dns-metrics-bind-address",
                ":9153", "--dns-bind-address", "[::1]:53",
            ]
            try await DNSServerProcess.with(pages) { server, daemon in
                for page in ["health", "ready", "metrics"] { try await daemon.waitForLine(containing: "dns \(page) at") }
                let health = try await server.curl("http://127.0.0.1:8080/health")
                #expect(health == ("200", "OK"))
                let ready = try await server.curl("http://127.0.0.1:8181/ready")
                #expect(ready == ("200", "OK"))
                _ = try await server.dig(["web.shop.svc.cluster.local", "A"])
                _ = try await server.dig(["none.shop.svc.cluster.local", "A"])
                _ = try await server.dig(["web.shop.svc.cluster.local", "TYPE4711", "+tcp"], at: "::1")
                let metrics = try await server.curl("http://127.0.0.1:9153/metrics").body
                let lines = metrics.split(separator: "\n")
                for series in [
                    "coredns_build_info{", "coredns_panics_total 0", "coredns_plugin_enabled{name=\"kubernetes\"",
                    "coredns_dns_requests_total{family=\"1\",proto=\"udp\",server=\"dns://:53\",type=\"A\",view=\"\",zone=\"cluster.local.\"} 2",
                    "coredns_dns_requests_total{family=\"2\",proto=\"tcp\",server=\"dns://:53\",type=\"other\",view=\"\",zone=\"cluster.local.\"} 1",
                    "coredns_dns_responses_total{plugin=\"kubernetes\",rcode=\"NXDOMAIN\",server=\"dns://:53\",view=\"\",zone=\"cluster.local.\"} 1",
                    "coredns_dns_request_duration_seconds_bucket{", "coredns_dns_request_size_bytes_count{",
                    "coredns_dns_response_size_bytes_count{", "fairway_dns_synced 1", "fairway_dns_data_age_seconds 0",
                    "fairway_dns_tcp_connections_total 1", "process_resident_memory_bytes", "fairway_build_info",
                ] {
                    #expect(lines.contains { $0.hasPrefix(series) }, "no \(series) in\n\(metrics)")
                }
                let labels = lines.compactMap { $0.split(separator: "{").dropFirst().first }
                #expect(!labels.contains { $0.contains("shop") }, "a name has become a label")
            }
        }

        @Test func `pods ask at the DNS Service's ClusterIP and are answered on their node`() async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            try cluster.folder.write(
                "manifests/dns.yaml",
                """
                apiVersion: v1
                kind: Service
                metadata: {name: kube-dns, namespace: kube-system}
                spec:
                  clusterIP: 10.96.0.10
                  ports: [{name: dns, port: 53, protocol: UDP}, {name: dns-tcp, port: 53}, {name: metrics, port: 9153}]

                """)
            let daemon = try await cluster.startDaemon(["--dns-service", "kube-system/kube-dns", "--dns-upstream", "none"])
            try await daemon.waitForLine(containing: "this node's questions to 10.96.0.10:53")
            let pod = cluster.pods[0].namespace
            for transport in ["+notcp", "+tcp"] {
                let output = try await pod.run([
                    "dig", "@10.96.0.10", "+short", "+tries=1", "+timeout=5", transport, "web.shop.svc.cluster.local", "A",
                ])
                #expect(output.standardOutput == "10.96.0.80\n", "\(transport): \(output)")
            }
            daemon.terminate()
            #expect(try await daemon.waitForExit() == .exited(0), "\(daemon.lines)")
            let links = try await cluster.node.run(["ip", "-o", "link"])
            #expect(!links.standardOutput.contains("fairway-dns"), "\(links)")
        }

        @Test func `get zone prints a zone file, and get dns how it fares`() async throws {
            try await DNSServerProcess.with { server, daemon in
                let zone = try await server.get(["zone"])
                #expect(zone.status == .exited(0), "\(zone)")
                for record in [
                    "web.shop.svc.cluster.local. 30 IN A 10.96.0.80", "db.shop.svc.cluster.local. 30 IN A 10.244.0.11",
                    "_sql._tcp.db.shop.svc.cluster.local. 30 IN SRV 0 50 5432 db-0.db.shop.svc.cluster.local.",
                    "80.0.96.10.in-addr.arpa. 30 IN PTR web.shop.svc.cluster.local.",
                ] {
                    #expect(zone.standardOutput.contains(record), "no \(record) in\n\(zone.standardOutput)")
                }
                let json = try await server.get(["zone", "-o", "json", "-n", "shop"])
                #expect(json.standardOutput.contains("\"name\" : \"out.shop.svc.cluster.local.\""), "\(json)")
                #expect(!json.standardOutput.contains("dns-version"), "\(json)")
                _ = try await server.dig(["none.shop.svc.cluster.local", "A"])
                let dns = try await server.get(["dns"]).standardOutput
                for text in [
                    "\(daemon.pid)", "cluster.local.", "127.0.0.1:53", "synced", "ready:            true", "age of data:      0s",
                    "queries:          1", "NXDOMAIN 1",
                ] {
                    #expect(dns.contains(text), "no \(text) in\n\(dns)")
                }
            }
        }
    }
}
