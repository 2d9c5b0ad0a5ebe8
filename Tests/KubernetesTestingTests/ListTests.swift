import KubernetesTesting
import Testing

@Suite("Lists of the test API server")
struct ListTests {
    private func names(_ list: JSON) -> [String] {
        (list["items"]?.array ?? []).compactMap { $0[["metadata", "name"]]?.string }
    }

    private func seed(_ server: TestAPIServer, _ count: Int = 7) throws {
        for index in 0..<count {
            try server.put(
                [
                    "metadata": [
                        "name": .string("p\(index)"), "namespace": "default",
                        "labels": ["parity": index % 2 == 0 ? "even" : "odd", "index": .string(String(index))],
                    ], "spec": ["nodeName": .string("n\(index % 3)"), "containers": []],
                ], .pods)
        }
    }

    @Test func `pages show one version whatever happens meanwhile`() async throws {
        try await TestAPIServer.with(tls: false) { server in
            try seed(server)
            let client = RawClient(server: server)
            var page = try await client.json("GET", "/api/v1/pods?limit=3").body
            let version = page[["metadata", "resourceVersion"]]
            #expect(page[["metadata", "remainingItemCount"]] == 4)
            var found = names(page)
            try server.delete(.pods, "default", "p5")
            try server.put(["metadata": ["name": "p31", "namespace": "default"], "spec": [:]], .pods)
            try server.change(.pods, "default", "p6", ["metadata": ["labels": ["new": "1"]]])
            while let token = page[["metadata", "continue"]]?.string {
                page = try await client.json("GET", "/api/v1/pods?limit=3&continue=\(token)").body
                #expect(page[["metadata", "resourceVersion"]] == version)
                found += names(page)
                for item in page["items"]?.array ?? [] { #expect(item[["metadata", "labels", "new"]] == nil) }
            }
            #expect(found == ["p0", "p1", "p2", "p3", "p4", "p5", "p6"])
            let exact = try await client.json(
                "GET", "/api/v1/pods?resourceVersion=\(version?.string ?? "")&resourceVersionMatch=Exact")
            #expect(names(exact.body) == found)
        }
    }

    @Test func `a page of a forgotten version is expired`() async throws {
        try await TestAPIServer.with(tls: false) { server in
            try seed(server)
            let client = RawClient(server: server)
            let page = try await client.json("GET", "/api/v1/pods?limit=3").body
            try server.change(.pods, "default", "p6", ["metadata": ["labels": ["new": "1"]]])
            server.compact()
            let next = try await client.json(
                "GET", "/api/v1/pods?limit=3&continue=\(page[["metadata", "continue"]]?.string ?? "")")
            #expect(next.status == 410)
            #expect(next.body["reason"] == "Expired")
            let token = next.body[["metadata", "continue"]]?.string ?? ""
            let rest = try await client.json("GET", "/api/v1/pods?limit=9&continue=\(token)")
            #expect(names(rest.body) == ["p3", "p4", "p5", "p6"], "the rest at another version")
        }
    }

    @Test(
        "selectors select",
        arguments: [
            ("labelSelector=parity%3Deven", ["p0", "p2", "p4", "p6"]), ("labelSelector=parity!%3Deven", ["p1", "p3", "p5"]),
            ("labelSelector=index+in+(1,2)", ["p1", "p2"]), ("labelSelector=!parity", []),
            ("fieldSelector=spec.nodeName%3Dn1", ["p1", "p4"]), ("fieldSelector=metadata.name%3D%3Dp3", ["p3"]),
            ("fieldSelector=metadata.namespace!%3Ddefault", []), ("fieldSelector=spec.nodeName!%3Dn1,metadata.name!%3Dp0", ["p2", "p3", "p5", "p6"]),
        ])
    func selectors(_ query: String, _ expected: [String]) async throws {
        try await TestAPIServer.with(tls: false) { server in
            try seed(server)
            let answer = try await RawClient(server: server).json("GET", "/api/v1/pods?\(query)")
            #expect(names(answer.body) == expected)
        }
    }

    @Test(
        "options that make no sense are refused",
        arguments: [
            ("fieldSelector=spec.color%3Dred", 400), ("labelSelector=a%3D%3D%3Db", 400), ("resourceVersion=x", 500),
            ("resourceVersion=999999", 504), ("resourceVersionMatch=Exact", 422), ("continue=nonsense", 400),
            ("sendInitialEvents=true", 422),
        ])
    func refused(_ query: String, _ status: Int) async throws {
        try await TestAPIServer.with(tls: false) { server in
            let answer = try await RawClient(server: server).json("GET", "/api/v1/pods?\(query)")
            #expect(answer.status == status)
        }
    }

    @Test func `a collection is deleted by selector`() async throws {
        try await TestAPIServer.with(tls: false) { server in
            try seed(server)
            let answer = try await RawClient(server: server).json(
                "DELETE", "/api/v1/namespaces/default/pods?labelSelector=parity%3Dodd")
            #expect(answer.status == 200)
            #expect(server.count(.pods) == 4)
        }
    }

    @Test func `a list of a namespace is a part of the whole`() async throws {
        try await TestAPIServer.with(tls: false) { server in
            for namespace in ["a", "a-b", "b"] {
                for index in 0..<3 {
                    let metadata: JSON = ["name": .string("p\(index)"), "namespace": .string(namespace)]
                    try server.put(["metadata": metadata, "spec": [:]], .pods)
                }
            }
            let client = RawClient(server: server)
            for namespace in ["a", "a-b", "b", "c"] {
                let list = try await client.json("GET", "/api/v1/namespaces/\(namespace)/pods").body
                #expect(names(list).count == (namespace == "c" ? 0 : 3), "\(namespace)")
            }
            let page = try await client.json("GET", "/api/v1/namespaces/a/pods?limit=1").body
            #expect(page[["metadata", "remainingItemCount"]] == 2)
            let token = page[["metadata", "continue"]]?.string ?? ""
            let rest = try await client.json("GET", "/api/v1/namespaces/a/pods?continue=\(token)").body
            #expect(names(rest) == ["p1", "p2"])
        }
    }

    @Test func `elements of a list carry no kind`() async throws {
        try await TestAPIServer.with(tls: false) { server in
            try seed(server, 1)
            let list = try await RawClient(server: server).json("GET", "/api/v1/pods").body
            #expect(list["kind"] == "PodList")
            #expect(list["items"]?.array?.first?["kind"] == nil)
        }
    }
}
