import KubernetesTesting
import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Testing

extension FairwayTests {
    /// What goes wrong with the API server costs no connection, and nothing that happened meanwhile.
    @Suite(.enabled(if: Requirement.root && Requirement.tool("nft"), "needs root and nft"), .timeLimit(.minutes(3)))
    struct ClusterFaultTests {
        @Test("Traffic goes on, no rule flaps, and what changed meanwhile is there", arguments: ClusterFault.all)
        func survives(_ fault: ClusterFault) async throws {
            try await ClusterNode.with { cluster in
                let (server, pods) = (cluster.server, cluster.pods)
                try server.put(ClusterObjects.service("web", 80, nodePort: 30080), .services)
                try server.put(ClusterObjects.slice("web", pods[0]), .endpointSlices)
                try server.put(ClusterObjects.service("gone", 81, nodePort: 30081), .services)
                try server.put(ClusterObjects.slice("gone", pods[1]), .endpointSlices)
                let daemon = try await cluster.startDaemon(["--kube-api-watch-silence", "2s"])
                try await cluster.waitUntilServed(by: ["pod0"], at: cluster.clusterIP(80))
                try await cluster.waitUntilServed(by: ["pod1"], at: cluster.nodePort(30081))
                let monitor = try await cluster.startMonitor()
                let traffic = try await cluster.startTraffic(to: cluster.clusterIP(80))
                let before = try await cluster.base.ruleset()
                let start = daemon.lines.count

                try await fault.strike(server)
                try server.delete(.services, "shop", "gone")
                try server.delete(.endpointSlices, "shop", "gone-1")
                try server.put(ClusterObjects.service("late", 82, nodePort: 30082), .services)
                try server.put(ClusterObjects.slice("late", pods[2]), .endpointSlices)
                if fault.isAway {
                    try await daemon.waitForLine(containing: "retryIn", from: start)
                    let during = try await cluster.base.ruleset()
                    #expect(during == before)
                }
                try await fault.heal(server)

                try await cluster.waitUntilServed(by: ["pod2"], at: cluster.clusterIP(82))
                try await cluster.waitUntilRefused(cluster.nodePort(30081))
                try await expectNoFlap(cluster, monitor, traffic)
                #expect(!daemon.lines.contains { $0.contains("passed over") }, "\(daemon.lines)")
            }
        }

        /// The Service that nobody touched was not touched.
        private func expectNoFlap(_ cluster: ClusterNode, _ monitor: RunningProcess, _ traffic: RunningProcess) async throws {
            let count = traffic.lines.count
            try await traffic.waitForLine(containing: "pod", from: count)
            let others = traffic.lines.filter { !$0.hasPrefix("pod0 ") }
            #expect(others.isEmpty, "\(others.prefix(5)) of \(traffic.lines.count)")
            // The change is there, and what was told of before it is read.
            try await eventually("the monitor has shown the change") { monitor.lines.contains { $0.contains("10.96.0.82") } }
            let touched = monitor.lines.filter { $0.contains("10.96.0.80 ") || $0.contains("10.244.0.10") }
            #expect(touched.isEmpty, "\(touched)")
        }

        @Test func `a change made while the server is away comes once, however often the daemon reconnects`() async throws {
            try await ClusterNode.with { cluster in
                let server = cluster.server
                try server.put(ClusterObjects.service("web", 80, nodePort: 30080), .services)
                try server.put(ClusterObjects.slice("web", cluster.pods[0]), .endpointSlices)
                let daemon = try await cluster.startDaemon()
                try await cluster.waitUntilServed(by: ["pod0"], at: cluster.clusterIP(80))
                for (index, pod) in [1, 0].enumerated() {
                    let start = daemon.lines.count
                    await server.stopListening()
                    try await daemon.waitForLine(containing: "retryIn", from: start)
                    try server.put(ClusterObjects.slice("web", cluster.pods[pod]), .endpointSlices)
                    try await cluster.waitUntilServed(by: [pod == 1 ? "pod0" : "pod1"], at: cluster.clusterIP(80))
                    if index == 1 { server.compact() }
                    try await server.listen()
                    try await cluster.waitUntilServed(by: ["pod\(pod)"], at: cluster.clusterIP(80))
                }
            }
        }

        @Test func `a server that goes and comes back is a line when it is lost, and one when it is back`() async throws {
            try await ClusterNode.with { cluster in
                let daemon = try await cluster.startDaemon()
                let start = daemon.lines.count
                await cluster.server.stopListening()
                let lost = try await daemon.waitForLine(containing: "the API server is lost", from: start)
                #expect(lost.contains("Connection refused") && lost.contains("since="), "\(lost)")
                // Each kind has tried more than once.
                try await eventually("every kind is tried again") {
                    daemon.lines.dropFirst(start).count { $0.contains("retryIn") } >= 9
                }
                try await cluster.server.listen()
                let back = try await daemon.waitForLine(containing: "the API server is back", from: start, timeout: .seconds(40))
                #expect(back.contains(" info ") && back.contains("lost="), "\(back)")
                let told = daemon.lines.dropFirst(start).filter { !$0.contains(" debug ") }
                #expect(told.count == 2, "\(told)")
            }
        }
    }
}
