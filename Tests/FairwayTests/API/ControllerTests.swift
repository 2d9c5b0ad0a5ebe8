import Glibc
import KubernetesTesting
import LinuxSystem
import NetworkNamespaceTesting
import Testing

extension FairwayTests {
    /// `fairway controller` writes slices, one replica at a time.
    @Suite(.enabled(if: Requirement.tool("kubectl"), "needs kubectl"), .timeLimit(.minutes(3)))
    struct ControllerTests {
        @Test func `what kubectl applies gets slices as kube-controller-manager would write them`() async throws {
            try await ControllerCluster.with { cluster in
                let replica = try await cluster.startLeader()
                defer { replica.close() }
                try await cluster.kubectl.apply(
                    ControllerCluster.service, ControllerCluster.pod("web-1", "10.244.0.11"),
                    ControllerCluster.pod("web-2", "10.244.0.12"))
                try await cluster.waitUntil("web", has: ["10.244.0.11", "10.244.0.12"])
                let slice = try #require(cluster.slices(of: "web", managedBy: ControllerCluster.managed).first)
                let owner = try #require(slice[["metadata", "ownerReferences"]]?.array?.first, "\(slice)")
                #expect(owner["apiVersion"] == "v1" && owner["kind"] == "Service" && owner["name"] == "web", "\(owner)")
                let service = try #require(cluster.server.get(.services, "shop", "web"))
                #expect(owner["uid"] == service[["metadata", "uid"]], "\(owner)")
                #expect(owner["controller"] == true && owner["blockOwnerDeletion"] == true, "\(owner)")
                #expect(slice[["metadata", "generateName"]] == "web-", "\(slice)")
                #expect(slice[["metadata", "labels", "team"]] == "front", "\(slice)")
                let trigger = slice[["metadata", "annotations", "endpoints.kubernetes.io/last-change-trigger-time"]]?.string
                #expect(trigger?.hasSuffix("Z") == true, "\(slice)")
                #expect(slice["ports"]?.array?.first?["port"] == 8080, "\(slice)")
                let endpoint = try #require(slice["endpoints"]?.array?.first, "\(slice)")
                #expect(endpoint["nodeName"] == "node-a" && endpoint[["targetRef", "kind"]] == "Pod", "\(endpoint)")
                #expect(endpoint[["conditions", "ready"]] == true, "\(endpoint)")

                // Scaled, relabelled, deleted.
                try await cluster.kubectl.apply(ControllerCluster.pod("web-3", "10.244.0.13"))
                try await cluster.waitUntil("web", has: ["10.244.0.11", "10.244.0.12", "10.244.0.13"])
                try await cluster.kubectl("label", "pod", "web-1", "-n", "shop", "--overwrite", "app=under-repair")
                try await cluster.kubectl("delete", "pod", "web-2", "-n", "shop", "--wait=false")
                try await cluster.waitUntil("web", has: ["10.244.0.13"])
            }
        }

        @Test func `slices of others are left alone, Endpoints are mirrored, and what others change is put right`() async throws {
            try await ControllerCluster.with { cluster in
                let server = cluster.server
                let foreign = """
                    apiVersion: discovery.k8s.io/v1
                    kind: EndpointSlice
                    metadata:
                      name: web-foreign
                      namespace: shop
                      labels: {kubernetes.io/service-name: web, endpointslice.kubernetes.io/managed-by: someone.example}
                    addressType: IPv4
                    ports: [{name: http, port: 1}]
                    endpoints: [{addresses: [192.0.2.99]}]
                    """
                let manual = """
                    apiVersion: v1
                    kind: Service
                    metadata: {name: manual, namespace: shop}
                    spec: {ports: [{name: http, port: 80}]}
                    ---
                    apiVersion: v1
                    kind: Endpoints
                    metadata:
                      name: manual
                      namespace: shop
                      labels: {team: depot}
                      annotations: {example.test/owner: depot, endpoints.kubernetes.io/last-change-trigger-time: "2026-01-01T00:00:00Z"}
                    subsets: [{addresses: [{ip: 192.0.2.50}], ports: [{name: http, port: 8080}]}]
                    """
                try await cluster.kubectl.apply(
                    foreign, manual, ControllerCluster.service, ControllerCluster.pod("web-1", "10.244.0.11"))
                let before = try #require(server.get(.endpointSlices, "shop", "web-foreign"))
                let replica = try await cluster.startLeader()
                defer { replica.close() }
                try await cluster.waitUntil("web", has: ["10.244.0.11"])
                try await cluster.waitUntil("manual", has: ["192.0.2.50"], managedBy: ControllerCluster.mirrored)
                // kubectl's own note stands on the Endpoints too, and is not copied.
                var mirror = try #require(cluster.slices(of: "manual", managedBy: ControllerCluster.mirrored).first)
                #expect(mirror[["metadata", "annotations"]] == ["example.test/owner": "depot"], "\(mirror)")
                #expect(mirror[["metadata", "labels", "team"]] == "depot", "\(mirror)")
                try await cluster.kubectl("annotate", "endpoints", "manual", "-n", "shop", "example.test/owner-", "example.test/room=7")
                try await eventually("the annotations follow") {
                    mirror = cluster.slices(of: "manual", managedBy: ControllerCluster.mirrored).first ?? mirror
                    return mirror[["metadata", "annotations"]] == ["example.test/room": "7"]
                }

                // Somebody changes a slice, and then takes it away.
                let slice = try #require(cluster.slices(of: "web", managedBy: ControllerCluster.managed).first)
                let name = try #require(slice[["metadata", "name"]]?.string)
                try await cluster.kubectl(
                    "patch", "endpointslice", name, "-n", "shop", "--type=merge", "-p", #"{"endpoints":[{"addresses":["192.0.2.66"]}]}"#)
                try await cluster.waitUntil("web", has: ["10.244.0.11"])
                try await cluster.kubectl("delete", "endpointslice", name, "-n", "shop")
                try await cluster.waitUntil("web", has: ["10.244.0.11"])

                // The news of somebody's change is still on the way while a pod comes: a conflict, read anew.
                let start = server.requestCount
                let current = try #require(cluster.slices(of: "web", managedBy: ControllerCluster.managed).first)
                server.holdEvents(of: ["endpointslices"])
                let changed = try #require(current[["metadata", "name"]]?.string)
                try server.change(.endpointSlices, "shop", changed, ["metadata": ["annotations": ["example.test/note": "kept"]]])
                try await cluster.kubectl.apply(ControllerCluster.pod("web-2", "10.244.0.12"))
                try await cluster.waitUntil("web", has: ["10.244.0.11", "10.244.0.12"])
                server.releaseEvents()
                let after = try #require(server.get(.endpointSlices, "shop", changed))
                #expect(after[["metadata", "annotations", "example.test/note"]] == "kept", "\(after)")
                let patches = server.requests(from: start).filter { $0.verb == .patch && $0.plural == "endpointslices" }
                #expect(patches.count >= 2, "no conflict came of it: \(patches)")
                #expect(server.get(.endpointSlices, "shop", "web-foreign") == before)
            }
        }

        @Test func `a leader that ends hands over at once, one that dies or hangs within the lease time`() async throws {
            try await ControllerCluster.with { cluster in
                let server = cluster.server
                func holder() -> String? {
                    server.get(.leases, "kube-system", "fairway-controller")?[["spec", "holderIdentity"]]?.string
                }
                let first = try await cluster.startLeader()
                defer { first.close() }
                let firstHolder = try #require(holder())
                let second = try cluster.startReplica()
                defer { second.close() }
                try await second.waitForLine(containing: "\(firstHolder) leads", timeout: .seconds(30))
                try await cluster.kubectl.apply(ControllerCluster.service, ControllerCluster.pod("web-1", "10.244.0.11"))
                try await cluster.waitUntil("web", has: ["10.244.0.11"])
                #expect(!second.lines.contains { $0.contains("create ") }, "\(second.lines)")

                // It ends: the lease is let go, and nobody waits for its time.
                let start = server.requestCount
                first.terminate()
                let status = try await first.waitForExit()
                #expect(status == .exited(0), "\(first.lines)")
                try await second.waitForLine(containing: "this replica leads")
                let releases = server.requests(from: start).filter {
                    $0.plural == "leases" && $0.verb == .update && (try? JSON(parsing: $0.body))?[["spec", "holderIdentity"]]?.string ?? "" == ""
                }
                #expect(releases.count == 1, "\(releases)")
                try await cluster.kubectl.apply(ControllerCluster.pod("web-2", "10.244.0.12"))
                try await cluster.waitUntil("web", has: ["10.244.0.11", "10.244.0.12"])

                // It hangs: the other works, and it finds so out when it goes on.
                let third = try cluster.startReplica()
                defer { third.close() }
                let secondHolder = try #require(holder())
                try await third.waitForLine(containing: "\(secondHolder) leads", timeout: .seconds(30))
                second.signal(SIGSTOP)
                try await third.waitForLine(containing: "this replica leads")
                try await cluster.kubectl("label", "pod", "web-1", "-n", "shop", "--overwrite", "app=under-repair")
                try await cluster.waitUntil("web", has: ["10.244.0.12"])
                let told = second.lines.count
                second.signal(SIGCONT)
                try await second.waitForLine(containing: "the lease is lost", from: told)
                let thirdHolder = try #require(holder())
                try await second.waitForLine(containing: "\(thirdHolder) leads", from: told)
                #expect(!second.lines.dropFirst(told).contains { $0.contains("update ") || $0.contains("delete ") }, "\(second.lines)")

                // It dies.
                third.kill()
                try await second.waitForLine(containing: "this replica leads", from: told)
                try await cluster.kubectl("label", "pod", "web-1", "-n", "shop", "--overwrite", "app=web")
                try await cluster.waitUntil("web", has: ["10.244.0.11", "10.244.0.12"])
            }
        }
    }
}
