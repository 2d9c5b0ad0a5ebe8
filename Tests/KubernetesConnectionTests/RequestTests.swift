import KubernetesClient
import KubernetesModel
import KubernetesWire
import NIOHTTP1
import Testing

@testable import KubernetesConnection

/// What is asked of the server and in which form, how often, and how it ends.
@Suite struct RequestTests {
    @Test("A list asks for what is wanted, encoded, below the server's path") func list() async throws {
        try await withScriptedAPI(path: "/clusters/one") { request in
            request.path.hasSuffix("nodes") ? .json(emptyServices.replacing("Service", with: "Node")) : .json(emptyServices)
        } _: { client, server in
            _ = try await client.list(
                ListRequest(
                    resource: APIResource(.service),
                    selection: Selection(labels: "!a.b/c", fields: "spec.clusterIP!=None", namespace: "ns"), limit: 500,
                    continueToken: "a+b=", resourceVersion: "5"))
            _ = try await client.list(ListRequest(resource: APIResource(.node), resourceVersion: "0"))
            let requests = server.requests
            #expect(requests[0].path == "/clusters/one/api/v1/namespaces/ns/services")
            #expect(
                requests[0].query == [
                    "limit=500", "continue=a%2Bb%3D", "labelSelector=%21a.b%2Fc", "fieldSelector=spec.clusterIP%21%3DNone",
                ])
            #expect(requests[0].headers["accept"] == ["application/vnd.kubernetes.protobuf,application/json"])
            #expect(requests[0].headers["user-agent"] == ["fairway/0 (linux/amd64)"] || !isAMD64)
            #expect(requests[1].target == "/clusters/one/api/v1/nodes?resourceVersion=0")
        }
    }

    @Test("A server without protobuf is asked in JSON from then on", arguments: [406, 415])
    func fallBack(_ code: Int) async throws {
        try await withScriptedAPI { request in
            request.headers["accept"][0].contains("protobuf") ? .refusal(code, "NotAcceptable") : .json(emptyServices)
        } _: { client, server in
            _ = try await client.list(services)
            _ = try await client.list(services)
            #expect(client.format == .json)
            #expect(
                server.requests.map { $0.headers["accept"][0] } == [
                    "application/vnd.kubernetes.protobuf,application/json", "application/json", "application/json",
                ])
        }
    }

    @Test("Impersonation is in the headers, a password too") func headers() async throws {
        let folder = try TemporaryFolder()
        try Authority(folder).issue("server")
        try await ScriptedServer.run(tls: folder.serverTLS()) { _ in .json(emptyServices) } _: { server in
            let connection = try TestKubeconfig(
                server: "https://127.0.0.1:\(server.port)", cluster: "certificate-authority: ca.crt",
                user: "username: admin, password: 'a:b', as: eve, as-groups: [g, h], as-user-extra: {a/b: [s]}"
            ).connection(in: folder)
            try await withClient(connection) { _ = try await $0.list(services) }
            let headers = try #require(server.requests.first).headers
            #expect(headers["authorization"] == ["Basic YWRtaW46YTpi"])
            #expect(headers["impersonate-user"] == ["eve"])
            #expect(headers["impersonate-group"] == ["g", "h"])
            #expect(headers["impersonate-extra-a%2fb"] == ["s"])
        }
    }

    @Test("Objects are written as JSON, with what they must be") func writing() async throws {
        let answer = #"{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"l","namespace":"n","resourceVersion":"2"},"spec":{"holderIdentity":"me"}}"#
        try await withScriptedAPI { _ in .json(answer) } _: { client, server in
            let key = ObjectKey(namespace: "n", name: "l")
            let lease = try await client.get(Lease.self, .leases, key)
            #expect(lease.holderIdentity == "me")
            _ = try await client.create(lease, .leases, namespace: "n")
            _ = try await client.update(lease, .leases, key)
            _ = try await client.patch(Lease.self, .leases, key, mergePatch: Array("{}".utf8))
            try await client.delete(.leases, key, uid: "u", resourceVersion: "")
            try await client.delete(.leases, key, uid: "", resourceVersion: "")
            let base = "/apis/coordination.k8s.io/v1/namespaces/n/leases"
            let requests = server.requests
            #expect(requests.map { "\($0.method) \($0.target)" } == [
                "GET \(base)/l", "POST \(base)", "PUT \(base)/l", "PATCH \(base)/l", "DELETE \(base)/l", "DELETE \(base)/l",
            ])
            #expect(requests.map { $0.headers.first(name: "content-type") ?? "" } == [
                "", "application/json", "application/json", "application/merge-patch+json", "application/json", "application/json",
            ])
            let bodies = requests.map { String(decoding: $0.body, as: UTF8.self) }
            #expect(bodies[1].contains(#""holderIdentity":"me""#))
            #expect(bodies[3] == "{}")
            #expect(bodies[4].contains(#""preconditions":{"uid":"u"}"#))
            #expect(!bodies[5].contains("preconditions"))
        }
    }

    @Test("An answer beyond its limit is not taken") func answerLimit() async throws {
        try await withScriptedAPI { _ in ScriptedAnswer(chunks: Array(repeating: Array(repeating: 32, count: 1 << 19), count: 5)) } _: {
            client, server in
            for (limit, isTaken) in [(5 << 19, true), (2 << 20, false)] {
                let request = APIRequest(path: "/api", accept: "*/*", answerLimitBytes: limit)
                let text = await failure { try await client.answer { _ in request }.body.count }
                #expect(
                    text
                        == (isTaken
                            ? "no error: \(5 << 19)"
                            : "http://127.0.0.1:\(server.port): the answer to /api is larger than 2 MiB"))
            }
        }
    }

    @Test("The rate limit holds requests back, watches too, and counts what it did") func rate() async throws {
        let clock = InstantClock()
        let options = APIClientOptions(requestsPerSecond: 1, burst: 2)
        try await withScriptedAPI(options: options, clock: clock) { _ in .json(emptyServices) } _: { client, _ in
            for _ in 0..<3 { _ = try await client.list(services) }
            _ = try await client.watch(WatchRequest(resource: APIResource(.service), start: .after("1"), timeoutSeconds: 1))
            #expect(clock.slept == [.seconds(1), .seconds(1)])
            let counts = client.statistics
            #expect(counts.requests == 4)
            #expect(counts.answers == [2: 4])
            #expect(counts.heldBack == 2)
            #expect(counts.heldBackTime == .seconds(2))
        }
    }

    @Test("A client that is shut down ends what is under way") func shutdown() async throws {
        try await ScriptedServer.run({ _ in ScriptedAnswer(end: .stall) }) { server in
            let connection = try ClusterConnection(kubeconfig: "", master: "http://127.0.0.1:\(server.port)")
            let client = try APIClient(
                connection: connection, options: APIClientOptions(requestsPerSecond: 0), logger: quiet)
            var events = try await client.watch(
                WatchRequest(resource: APIResource(.service), start: .after("1"), timeoutSeconds: 300)
            ).makeAsyncIterator()
            try await client.shutdown()
            let text = await failure { try await events.next() }
            #expect(!text.hasPrefix("no error"), "\(text)")
        }
    }

    @Test("A task that is cancelled ends its request") func cancellation() async throws {
        try await withScriptedAPI { _ in ScriptedAnswer(end: .stall) } _: { client, server in
            await withTaskGroup(of: Bool.self) { group in
                group.addTask {
                    do {
                        _ = try await client.list(services)
                        return false
                    } catch {
                        return error is CancellationError
                    }
                }
                while server.requests.isEmpty { await Task.yield() }
                group.cancelAll()
                for await wasCancelled in group { #expect(wasCancelled) }
            }
        }
    }

    private var isAMD64: Bool {
        #if arch(x86_64)
        true
        #else
        false
        #endif
    }
}
