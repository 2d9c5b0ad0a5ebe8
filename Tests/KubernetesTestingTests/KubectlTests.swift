import KubernetesTesting
import NetworkNamespaceTesting
import Testing

@Suite(
    "kubectl and the test API server", .enabled(if: Requirement.tool("kubectl"), "needs kubectl"),
    .timeLimit(.minutes(5)))
struct KubectlTests {
    private func with(_ body: (TestAPIServer, Kubectl) async throws -> Void) async throws {
        try await TestAPIServer.with { server in
            let kubectl = try Kubectl(server)
            defer { kubectl.remove() }
            try await body(server, kubectl)
        }
    }

    private static let manifest = """
        apiVersion: v1
        kind: Service
        metadata: {name: web, labels: {app: web}}
        spec:
          selector: {app: web}
          ports:
          - {name: http, port: 80, targetPort: 8080}
          - {name: dns, port: 53, protocol: UDP}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: web-1, labels: {app: web}}
        spec:
          nodeName: n1
          containers: [{name: main, image: nginx, ports: [{containerPort: 8080}]}]
        ---
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {name: web-abc, labels: {kubernetes.io/service-name: web}}
        addressType: IPv4
        ports: [{name: http, port: 8080}]
        endpoints: [{addresses: [10.0.0.1], conditions: {ready: true}}]
        """

    @Test func `manifests are applied, applied again, and changed`() async throws {
        try await with { server, kubectl in
            let first = try await kubectl.run("apply", "-f", "-", input: Self.manifest)
            #expect(first.contains("service/web created"))
            #expect(first.contains("pod/web-1 created"))
            #expect(first.contains("endpointslice.discovery.k8s.io/web-abc created"))
            let version = server.resourceVersion
            let second = try await kubectl.run("apply", "-f", "-", input: Self.manifest)
            #expect(second.contains("service/web unchanged"))
            #expect(second.contains("pod/web-1 unchanged"))
            #expect(server.resourceVersion == version)
            let changed = Self.manifest.split(separator: "port: 80,").joined(separator: "port: 81,")
            let third = try await kubectl.run("apply", "-f", "-", input: changed)
            #expect(third.contains("service/web configured"))
            let ports = server.get(.services, "default", "web")?[["spec", "ports"]]?.array?.compactMap { $0["port"]?.integer }
            #expect(ports?.sorted() == [53, 81])
        }
    }

    @Test func `objects are read, labelled, annotated, patched and deleted`() async throws {
        try await with { server, kubectl in
            try await kubectl.run("apply", "-f", "-", input: Self.manifest)
            let table = try await kubectl.run("get", "services")
            #expect(table.contains("CLUSTER-IP"))
            #expect(table.contains("80/TCP,53/UDP"))
            let yaml = try await kubectl.run("get", "endpointslice", "web-abc", "-o", "yaml")
            #expect(yaml.contains("- 10.0.0.1"))
            let names = try await kubectl.run("get", "svc,pods,endpointslices", "-A", "-l", "app=web", "-o", "name")
            #expect(names == "service/web\npod/web-1\n")
            try await kubectl.run("label", "pod", "web-1", "tier=front", "app-")
            #expect(server.get(.pods, "default", "web-1")?[["metadata", "labels"]] == ["tier": "front"])
            try await kubectl.run("annotate", "service", "web", "a/b=c")
            #expect(server.get(.services, "default", "web")?[["metadata", "annotations", "a/b"]] == "c")
            try await kubectl.run("patch", "service", "web", "-p", #"{"spec":{"sessionAffinity":"ClientIP"}}"#)
            #expect(server.get(.services, "default", "web")?[["spec", "sessionAffinity"]] == "ClientIP")
            try await kubectl.run(
                "patch", "pod", "web-1", "--subresource=status", "--type=merge", "-p", #"{"status":{"podIP":"10.0.0.9"}}"#)
            #expect(server.get(.pods, "default", "web-1")?[["status", "podIP"]] == "10.0.0.9")
            let explained = try await kubectl.run("describe", "service", "web")
            #expect(explained.contains("10.0.0.1:8080"))
            try await kubectl.run("delete", "service/web", "pod/web-1", "endpointslice/web-abc")
            #expect(server.count(.services) + server.count(.pods) + server.count(.endpointSlices) == 0)
        }
    }

    @Test func `everything else it is asked for`() async throws {
        try await with { server, kubectl in
            let resources = try await kubectl.run("api-resources")
            #expect(resources.contains("endpointslices"))
            try await kubectl.run("create", "namespace", "team")
            try await kubectl.run("create", "service", "clusterip", "db", "--tcp=5432", "-n", "team")
            try await kubectl.run("apply", "--server-side", "-n", "team", "-f", "-", input: Self.manifest)
            #expect(server.get(.services, "team", "web") != nil)
            try await kubectl.run("expose", "service", "db", "--name=db2", "--port=1", "-n", "team")
            let versions = try await kubectl.run("version")
            #expect(versions.contains("Server Version"))
            try await kubectl.run("delete", "namespace", "team")
            #expect(server.count(.services) == 0)
            let all = try await kubectl.run("get", "nodes,namespaces,endpoints,leases,events,servicecidrs", "-A")
            #expect(all.contains("kube-system"))
        }
    }

    @Test func `a watch follows what happens`() async throws {
        try await with { server, kubectl in
            let watch = try RunningProcess(kubectl.request(["get", "services", "-w", "-o", "name"]))
            defer { watch.close() }
            try await server.request(.watch, of: "services")
            try await kubectl.run("create", "service", "clusterip", "db", "--tcp=5432")
            try await watch.waitForLine(containing: "service/db", timeout: .seconds(60))
            let table = try RunningProcess(kubectl.request(["get", "services", "-w"]))
            defer { table.close() }
            try await table.waitForLine(containing: "5432/TCP", timeout: .seconds(60))
        }
    }
}
