import KubernetesTesting
import NIOHTTP1
import Testing

@Suite("Objects of the test API server")
struct ObjectTests {
    static func service(_ name: String, _ spec: JSON = ["selector": ["app": "a"], "ports": [["port": 80]]]) -> JSON {
        ["kind": "Service", "apiVersion": "v1", "metadata": ["name": .string(name)], "spec": spec]
    }
    static let path = "/api/v1/namespaces/default/services"

    @Test func `an object is created, read, replaced and deleted`() async throws {
        try await TestAPIServer.with { server in
            let client = RawClient(server: server)
            let created = try await client.json("POST", Self.path, body: Self.service("web"))
            #expect(created.status == 201)
            var tree = created.body
            #expect(tree[["spec", "type"]] == "ClusterIP")
            #expect(tree[["spec", "clusterIP"]]?.string?.hasPrefix("10.96.") == true)
            #expect(tree[["spec", "ports"]] == [["port": 80, "protocol": "TCP", "targetPort": 80]])
            #expect(tree["kind"] == "Service")
            let again = try await client.json("POST", Self.path, body: Self.service("web"))
            #expect(again.status == 409)
            #expect(again.body["reason"] == "AlreadyExists")

            tree[["metadata", "labels", "x"]] = "y"
            let updated = try await client.json("PUT", Self.path + "/web", body: tree)
            #expect(updated.status == 200)
            let stale = try await client.json("PUT", Self.path + "/web", body: tree)
            #expect(stale.status == 409)
            #expect(stale.body["reason"] == "Conflict")
            let same = try await client.json("PUT", Self.path + "/web", body: updated.body)
            #expect(same.body == updated.body, "a write that changes nothing makes no version")

            let read = try await client.json("GET", Self.path + "/web")
            #expect(read.body == updated.body)
            let kept = try await client.json(
                "DELETE", Self.path + "/web", body: ["preconditions": ["uid": "another"]])
            #expect(kept.status == 409)
            let gone = try await client.json("DELETE", Self.path + "/web")
            #expect(gone.status == 200)
            let missing = try await client.json("GET", Self.path + "/web")
            #expect(missing.status == 404)
            #expect(missing.body["message"] == "services \"web\" not found")
        }
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        var name: String
        var method = "POST"
        var path = ObjectTests.path
        var body: JSON?
        var status: Int
        var reason: String
        var testDescription: String { name }
    }

    @Test(
        "what the API refuses is refused with its code and reason",
        arguments: [
            Refusal(name: "unknown path", method: "GET", path: "/api/v1/widgets", status: 404, reason: "NotFound"),
            Refusal(name: "no namespace", path: "/api/v1/namespaces/none/services", body: service("a"), status: 404, reason: "NotFound"),
            Refusal(name: "no name", body: ["spec": [:]], status: 422, reason: "Invalid"),
            Refusal(name: "bad name", body: service("A_b"), status: 422, reason: "Invalid"),
            Refusal(name: "bad port", body: service("a", ["ports": [["port": 70000]]]), status: 422, reason: "Invalid"),
            Refusal(
                name: "address out of range", body: service("a", ["clusterIP": "10.1.1.1", "ports": [["port": 80]]]),
                status: 422, reason: "Invalid"),
            Refusal(name: "another kind", body: ["kind": "Pod", "metadata": ["name": "a"]], status: 400, reason: "BadRequest"),
            Refusal(name: "PUT of a collection", method: "PUT", body: [:], status: 405, reason: "MethodNotAllowed"),
            Refusal(
                name: "a lease without version", method: "PUT",
                path: "/apis/coordination.k8s.io/v1/namespaces/default/leases/held",
                body: ["metadata": ["name": "held"], "spec": ["holderIdentity": "b"]], status: 422, reason: "Invalid"),
        ])
    func refusals(_ row: Refusal) async throws {
        try await TestAPIServer.with(tls: false) { server in
            try server.put(["metadata": ["name": "held", "namespace": "default"], "spec": [:]], .leases)
            let answer = try await RawClient(server: server).json(row.method, row.path, body: row.body)
            #expect(answer.status == row.status)
            #expect(answer.body["reason"]?.string == row.reason)
            #expect(answer.body["kind"] == "Status")
        }
    }

    @Test("what is no path of the API is not found, in plain text", arguments: ["/apis/example.com/v1/widgets", "/nothing", "/"])
    func noPath(_ path: String) async throws {
        try await TestAPIServer.with(tls: false) { server in
            let answer = try await RawClient(server: server).send("GET", path)
            #expect(answer.status == 404)
            #expect(answer.headers.first(name: "Content-Type")?.hasPrefix("text/plain") == true)
            _ = try await answer.body()
        }
    }

    struct Patch: Sendable, CustomTestStringConvertible {
        var type: String
        var patch: JSON
        var path: [String]
        var result: JSON?
        var status = 200
        var testDescription: String { "\(type) \(patch)" }
    }

    @Test(
        "patches change what they name",
        arguments: [
            Patch(type: "merge", patch: ["metadata": ["labels": ["a": .null, "b": "2"]]], path: ["metadata", "labels"], result: ["b": "2", "c": "3"]),
            Patch(type: "merge", patch: ["metadata": ["resourceVersion": "1"]], path: [], result: nil, status: 409),
            Patch(
                type: "merge", patch: ["spec": ["ports": [["port": 81]]]], path: ["spec", "ports"],
                result: [["port": 81, "protocol": "TCP", "targetPort": 81]]),
            Patch(
                type: "strategic-merge", patch: ["spec": ["ports": [["port": 80, "name": "web"], ["port": 443, "name": "tls"]]]],
                path: ["spec", "ports"],
                result: [
                    ["port": 80, "protocol": "TCP", "targetPort": 8080, "name": "web"],
                    ["port": 443, "protocol": "TCP", "targetPort": 443, "name": "tls"],
                ]),
            Patch(
                type: "strategic-merge", patch: ["spec": ["ports": [["port": 80, "$patch": "delete"], ["port": 90]]]],
                path: ["spec", "ports"], result: [["port": 90, "protocol": "TCP", "targetPort": 90]]),
            Patch(
                type: "strategic-merge", patch: ["spec": ["selector": ["$patch": "replace", "z": "1"]]],
                path: ["spec", "selector"], result: ["z": "1"]),
            Patch(
                type: "json", patch: [["op": "add", "path": "/metadata/labels/d~1e", "value": "x"]],
                path: ["metadata", "labels", "d/e"], result: "x"),
            Patch(
                type: "json", patch: [["op": "test", "path": "/metadata/labels/a", "value": "other"]], path: [], result: nil,
                status: 422),
            Patch(type: "json", patch: [["op": "remove", "path": "/spec/selector/app"]], path: ["spec", "selector"], result: [:]),
        ])
    func patches(_ row: Patch) async throws {
        try await TestAPIServer.with(tls: false) { server in
            let client = RawClient(server: server)
            var service = Self.service("web", ["selector": ["app": "a"], "ports": [["port": 80, "targetPort": 8080]]])
            service[["metadata", "labels"]] = ["a": "1", "c": "3"]
            _ = try await client.json("POST", Self.path, body: service)
            let answer = try await client.json(
                "PATCH", Self.path + "/web", body: row.patch, headers: [("Content-Type", "application/\(row.type)-patch+json")])
            #expect(answer.status == row.status)
            if let result = row.result {
                let found = answer.body[row.path]
                #expect(found == result)
            }
        }
    }

    @Test func `the status is a resource of its own`() async throws {
        try await TestAPIServer.with(tls: false) { server in
            let client = RawClient(server: server)
            let path = "/api/v1/namespaces/default/pods"
            var pod: JSON = [
                "metadata": ["name": "a"], "spec": ["containers": [["name": "main", "image": "x"]]],
                "status": ["phase": "Running"],
            ]
            let created = try await client.json("POST", path, body: pod)
            #expect(created.body[["status", "phase"]] == "Pending")
            pod[["spec", "nodeName"]] = "n1"
            let status = try await client.json("PUT", path + "/a/status", body: pod)
            #expect(status.body[["status", "phase"]] == "Running")
            #expect(status.body[["spec", "nodeName"]] == nil)
            #expect(status.body[["metadata", "generation"]] == 1)
            let updated = try await client.json(
                "PATCH", path + "/a", body: ["spec": ["nodeName": "n1"], "status": ["phase": "Failed"]],
                headers: [("Content-Type", "application/merge-patch+json")])
            #expect(updated.body[["status", "phase"]] == "Running")
            #expect(updated.body[["metadata", "generation"]] == 2)
        }
    }

    @Test func `addresses and ports are given out once, and given back`() async throws {
        try await TestAPIServer.with(tls: false) { server in
            let client = RawClient(server: server)
            let spec: JSON = [
                "type": "NodePort", "ipFamilyPolicy": "PreferDualStack", "ports": [["port": 80, "nodePort": 30080]],
            ]
            let first = try await client.json("POST", Self.path, body: Self.service("a", spec))
            let addresses = first.body[["spec", "clusterIPs"]]?.array ?? []
            #expect(addresses.count == 2)
            #expect(first.body[["spec", "ipFamilies"]] == ["IPv4", "IPv6"])
            let taken = try await client.json("POST", Self.path, body: Self.service("b", spec))
            #expect(taken.status == 422)
            _ = try await client.json("DELETE", Self.path + "/a")
            let second = try await client.json("POST", Self.path, body: Self.service("b", spec))
            #expect(second.status == 201)
            let local = try await client.json(
                "PATCH", Self.path + "/b", body: ["spec": ["type": "LoadBalancer", "externalTrafficPolicy": "Local"]],
                headers: [("Content-Type", "application/merge-patch+json")])
            #expect(local.body[["spec", "healthCheckNodePort"]]?.integer != nil)
            #expect(local.body[["spec", "clusterIP"]] == second.body[["spec", "clusterIP"]])
        }
    }

    @Test func `a dry run changes nothing`() async throws {
        try await TestAPIServer.with(tls: false) { server in
            let before = server.resourceVersion
            let answer = try await RawClient(server: server).json(
                "POST", Self.path + "?dryRun=All", body: Self.service("web"))
            #expect(answer.status == 201)
            #expect(server.resourceVersion == before)
            #expect(server.get(.services, "default", "web") == nil)
        }
    }

    @Test func `a finalizer and a grace period keep an object`() async throws {
        var settings = ClusterSettings()
        settings.hasTerminatingPods = true
        try await TestAPIServer.with(settings, tls: false) { server in
            let client = RawClient(server: server)
            try server.put([
                "kind": "Pod", "apiVersion": "v1", "metadata": ["name": "a", "namespace": "default"],
                "spec": ["nodeName": "n", "containers": []],
            ])
            let first = try await client.json("DELETE", "/api/v1/namespaces/default/pods/a")
            #expect(first.body[["metadata", "deletionTimestamp"]] != nil)
            #expect(server.count(.pods) == 1)
            _ = try await client.json("DELETE", "/api/v1/namespaces/default/pods/a?gracePeriodSeconds=0")
            #expect(server.count(.pods) == 0)

            try server.put([
                "kind": "Service", "apiVersion": "v1",
                "metadata": ["name": "f", "namespace": "default", "finalizers": ["x/y"]], "spec": ["ports": [["port": 80]]],
            ])
            _ = try await client.json("DELETE", Self.path + "/f")
            #expect(server.count(.services) == 1)
            _ = try await client.json(
                "PATCH", Self.path + "/f", body: ["metadata": ["finalizers": .null]],
                headers: [("Content-Type", "application/merge-patch+json")])
            #expect(server.count(.services) == 0)
        }
    }

    @Test func `an event has two faces`() async throws {
        try await TestAPIServer.with(tls: false) { server in
            let client = RawClient(server: server)
            let created = try await client.json(
                "POST", "/apis/events.k8s.io/v1/namespaces/default/events",
                body: [
                    "kind": "Event", "apiVersion": "events.k8s.io/v1", "metadata": ["generateName": "e-"], "note": "it is so",
                    "regarding": ["kind": "Node", "name": "n"], "reason": "R", "type": "Normal",
                    "reportingController": "fairway",
                ])
            #expect(created.status == 201)
            #expect(created.body["note"] == "it is so")
            let list = try await client.json("GET", "/api/v1/events?fieldSelector=involvedObject.name=n")
            #expect(list.body["items"]?.array?.first?["message"] == "it is so")
        }
    }
}
