import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Testing

extension FairwayTests {
    /// Which pod a connection goes to: affinity and schedulers, with real packets.
    @Suite(.enabled(if: Requirement.root, "needs root"))
    struct SchedulingTests {
        private static let addresses: [String: [IPFamily: String]] = [
            "sticky": [.ipv4: "10.96.1.1", .ipv6: "fd00:10:96::101"],
            "whole": [.ipv4: "10.96.1.2", .ipv6: "fd00:10:96::102"],
            "turns": [.ipv4: "10.96.1.3", .ipv6: "fd00:10:96::103"],
            "other": [.ipv4: "10.96.1.4", .ipv6: "fd00:10:96::104"],
            "hashed": [.ipv4: "10.96.1.5", .ipv6: "fd00:10:96::105"],
        ]
        private static let http = "name: http, port: 80, targetPort: http"
        private static let clientIP = ["sessionAffinity: ClientIP"]

        private static func service(
            _ name: String, ports: [String], annotations: String = "", spec: [String] = []
        ) -> String {
            Manifests.service(
                name, selector: "app: web", addresses[name] ?? [:], ports: ports, annotations: annotations, spec: spec)
        }

        private static let services =
            service(
                "sticky",
                ports: [http + ", nodePort: 30101", "name: echo, protocol: UDP, port: 5353, targetPort: echo, nodePort: 30102"],
                spec: clientIP)
            + service(
                "whole",
                ports: [http + ", nodePort: 30103", "name: echo, protocol: UDP, port: 5353, targetPort: echo, nodePort: 30104"],
                annotations: "fairway.dev/session-affinity-scope: service", spec: clientIP)
            + service("turns", ports: [http + ", nodePort: 30105"], annotations: "fairway.dev/scheduler: rr")
            + service("other", ports: [http + ", nodePort: 30106"], annotations: "fairway.dev/scheduler: rr")
            + service("hashed", ports: [http + ", nodePort: 30107"], annotations: "fairway.dev/scheduler: sh")

        private func withNode(_ body: (FairwayNode) async throws -> Void) async throws {
            let made = try await FairwayNode.bare(pods: 4, services: Self.services)
            defer { made.close() }
            for pod in made.pods {
                _ = try await made.startServer(in: pod)
                if pod.name != "pod3" { try made.folder.write("manifests/\(pod.name).yaml", Manifests.pod(pod)) }
            }
            _ = try await made.startDaemon()
            try await body(made)
        }

        private func target(_ service: String, _ family: IPFamily, _ port: UInt16 = 80) throws -> SocketAddress {
            try Manifests.target(Self.addresses[service] ?? [:], family, port)
        }

        private func pods(
            _ made: FairwayNode, _ transport: Transport, _ target: SocketAddress, count: Int = 12
        ) async throws -> [String] {
            try await made.ask(from: made.client, transport, target, count: count).map(\.name)
        }

        @Test(arguments: IPFamily.allCases)
        func `a client stays with its pod at every frontend of a port, and leaves with it`(family: IPFamily) async throws {
            try await withNode { made in
                let clusterIP = try target("sticky", family)
                let nodePort = SocketAddress(ServiceTopology.nodeAddress(family), port: 30101)
                let first = try #require(try await pods(made, .tcp, clusterIP, count: 1).first)
                for address in [clusterIP, nodePort, clusterIP] {
                    #expect(Set(try await pods(made, .tcp, address)) == [first], "\(address)")
                }
                // Others come and go: it stays.
                let stranger = try #require(made.pods.first { $0.name != first && $0.name != "pod3" })
                try made.folder.write("manifests/pod3.yaml", Manifests.pod(made.pods[3]))
                try made.folder.delete("manifests/\(stranger.name).yaml")
                let turns = try target("turns", family)
                let rest = Set(["pod0", "pod1", "pod2", "pod3"]).subtracting([stranger.name])
                try await made.waitUntilServed(by: rest, at: turns)
                #expect(Set(try await pods(made, .tcp, clusterIP)) == [first])
                // Its own pod goes: another, and then that one.
                try made.folder.delete("manifests/\(first).yaml")
                try await made.waitUntilServed(by: rest.subtracting([first]), at: turns)
                // What is remembered is taken away a grace period after the frontend's change (ARCHITECTURE.md, Transactions).
                try await eventually("\(first) is forgotten") { try await pods(made, .tcp, clusterIP, count: 1) != [first] }
                let second = try await pods(made, .tcp, clusterIP)
                #expect(
                    Set(second).count == 1 && Set(second).isDisjoint(with: [first, stranger.name]),
                    "\(second) after \(first), without \(stranger.name)")
                let third = try await pods(made, .tcp, nodePort)
                #expect(Set(third) == Set(second), "\(third)")
            }
        }

        @Test func `different clients are spread, though each stays`() async throws {
            try await withNode { made in
                let nodePort = SocketAddress(ServiceTopology.nodeAddress(.ipv4), port: 30101)
                var chosen: Set<String> = []
                for number in 20..<60 {
                    try made.client.configure(["addr add 192.0.2.\(number)/24 dev eth0"])
                    let output = try await made.client.run(
                        [made.echo, "connect", "tcp", "\(nodePort)", "--count", "4", "--bind", "192.0.2.\(number)"])
                    let names = Set(output.standardOutput.split(separator: "\n").map { Answer(String($0)).name })
                    #expect(names.count == 1, "192.0.2.\(number): \(output)")
                    chosen.formUnion(names)
                }
                // Forty clients all with the same two of three pods: once in ten million runs.
                #expect(chosen == ["pod0", "pod1", "pod2"])
            }
        }

        @Test func `by annotation a client has one pod for all ports of a Service`() async throws {
            try await withNode { made in
                for number in 20..<28 {
                    try made.client.configure(["addr add 192.0.2.\(number)/24 dev eth0"])
                    var names: Set<String> = []
                    for (transport, port) in [("tcp", 30103), ("udp", 30104), ("tcp", 30103)] {
                        let target = SocketAddress(ServiceTopology.nodeAddress(.ipv4), port: UInt16(port))
                        let output = try await made.client.run(
                            [made.echo, "connect", transport, "\(target)", "--count", "3", "--bind", "192.0.2.\(number)"])
                        names.formUnion(output.standardOutput.split(separator: "\n").map { Answer(String($0)).name })
                    }
                    #expect(names.count == 1, "192.0.2.\(number): \(names)")
                }
            }
        }

        @Test(arguments: IPFamily.allCases)
        func `round robin is exact for one Service while another is under load`(family: IPFamily) async throws {
            try await withNode { made in
                let load = try made.client.start([
                    made.echo, "connect", "tcp", "\(try target("other", family))", "--count", "100000",
                ])
                try await load.waitForLine(containing: "pod")
                let before = load.lines.count
                let names = try await pods(made, .tcp, try target("turns", family), count: 60)
                for pod in ["pod0", "pod1", "pod2"] { #expect(names.count { $0 == pod } == 20, "\(names)") }
                // In turn: every three in a row are all three.
                for start in 0..<58 { #expect(Set(names[start..<start + 3]).count == 3, "\(names)") }
                load.kill()
                _ = try await load.waitForExit()
                #expect(load.lines.count > before, "there was no load")
            }
        }

        @Test func `a source hash gives a client one pod, without any memory`() async throws {
            try await withNode { made in
                for family in IPFamily.allCases {
                    #expect(Set(try await pods(made, .tcp, try target("hashed", family), count: 30)).count == 1)
                }
                let ruleset = try await made.ruleset()
                let memory = ruleset.split(separator: "map affinity {").dropFirst().map { $0.prefix { $0 != "}" } }
                #expect(memory.count == 2 && memory.allSatisfy { !$0.contains("elements") })
            }
        }

        @Test func `weights of pods are the shares of turns, and weight 0 takes none`() async throws {
            try await withNode { made in
                let services = Self.service(
                    "turns", ports: [Self.http + ", nodePort: 30105"], annotations: "fairway.dev/scheduler: wrr")
                try made.folder.replace("manifests/services.yaml", services)
                for (pod, weight) in zip(made.pods, [3, 1, 0]) {
                    try made.folder.replace(
                        "manifests/\(pod.name).yaml",
                        Manifests.pod(pod, annotations: "fairway.dev/weight: \"\(weight)\""))
                }
                try await made.waitUntilServed(by: ["pod0", "pod1"], at: try target("turns", .ipv4))
                let names = try await pods(made, .tcp, try target("turns", .ipv4), count: 40)
                #expect(names.count { $0 == "pod0" } == 30 && names.count { $0 == "pod1" } == 10, "\(names)")
            }
        }

        @Test func `status says why a Service that asks for topology has no hints`() async throws {
            try await withNode { made in
                let services = Self.service(
                    "turns", ports: [Self.http + ", nodePort: 30105"], annotations: "service.kubernetes.io/topology-mode: Auto")
                try made.folder.replace("manifests/services.yaml", services)
                try await made.waitUntilServed(by: ["pod0", "pod1", "pod2"], at: try target("turns", .ipv4))
                let status = try await made.get(["status"]).standardOutput
                let lines = status.split(separator: "\n").filter { $0.hasPrefix("no hints:") }
                #expect(lines.count == 2, "\(status)")
                #expect(lines.allSatisfy { $0.contains("shop/turns IPv") && $0.contains("no node outside the control plane is ready") })
            }
        }
    }
}
