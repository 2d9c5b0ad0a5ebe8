import FoundationEssentials
import KubernetesTesting
import LinuxSystem
import NetworkNamespaceTesting
import Testing

@Suite("The test API server as a program", .timeLimit(.minutes(2)))
struct ProgramTests {
    @Test func `it is seeded, changed at a rate, and made to fail`() async throws {
        let program = try RunningProcess(
            ProcessRequest(
                path: productPath("kubernetes-test-server"),
                arguments: ["--plain", "--seed-services", "3", "--seed-endpoints", "2", "--seed-pods", "5"]))
        defer { program.close() }
        let line = try await program.waitForLine(containing: "listening at http://127.0.0.1:", timeout: .seconds(60))
        let port = try #require(line.split(separator: ":").last.flatMap { Int($0) })
        let client = RawClient(plainPort: port)
        let pods = try await client.json("GET", "/api/v1/pods")
        #expect(pods.body["items"]?.array?.count == 5)

        let slices = "/apis/discovery.k8s.io/v1/endpointslices"
        let list = try await client.json("GET", slices)
        let version = list.body[["metadata", "resourceVersion"]]?.string ?? ""
        let watch = try await client.watch("\(slices)?watch=true&resourceVersion=\(version)")
        let started = try await client.json(
            "POST", "/testing/changes", body: ["resource": "endpointslices", "perSecond": 50, "seconds": 1])
        #expect(started.status == 200)
        for _ in 0..<50 {
            let event = try await watch.next()
            #expect(event?["type"] == "MODIFIED")
            let time = event?[["object", "metadata", "annotations", "endpoints.kubernetes.io/last-change-trigger-time"]]
            #expect(time?.string?.hasSuffix("Z") == true)
        }
        await watch.close()

        _ = try await client.json("POST", "/testing/faults", body: ["fault": "internalError", "verbs": ["list"], "resource": "pods"])
        let failed = try await client.json("GET", "/api/v1/pods")
        #expect(failed.status == 500)
        let object: JSON = [
            "kind": "Node", "apiVersion": "v1", "metadata": ["name": "n"], "status": ["phase": "Running"],
        ]
        _ = try await client.json("POST", "/testing/objects", body: object)
        let node = try await client.json("GET", "/api/v1/nodes/n")
        #expect(node.body[["status", "phase"]] == "Running")
    }
}
