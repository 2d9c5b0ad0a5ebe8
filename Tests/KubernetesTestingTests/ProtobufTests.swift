import KubernetesTesting
import NIOHTTP1
import Testing

@Suite("Protobuf of the test API server")
struct ProtobufTests {
    private static let accept = [("Accept", "application/vnd.kubernetes.protobuf")]

    @Test func `a written Service is what the API's own encoder writes`() async throws {
        try await TestAPIServer.with(tls: false) { server in
            try server.put(
                [
                    "metadata": [
                        "name": "a", "namespace": "b", "uid": "u", "creationTimestamp": "1970-01-01T00:00:05Z",
                        "labels": ["k": "v"],
                    ],
                    "spec": ["clusterIP": "None", "ports": [["port": 80, "targetPort": "web"]]],
                ], .services)
            let answer = try await RawClient(server: server).send(
                "GET", "/api/v1/namespaces/b/services/a", headers: Self.accept)
            #expect(answer.headers.first(name: "Content-Type") == "application/vnd.kubernetes.protobuf")
            let bytes = try await answer.body()
            // Magic; Unknown{1: TypeMeta{1: "v1", 2: "Service"}, 2: ...
            let head: [UInt8] = Array("k8s\0".utf8) + [0x0A, 13, 0x0A, 2] + Array("v1".utf8) + [0x12, 7] + Array("Service".utf8)
            #expect(bytes.starts(with: head))
            // ServicePort{2: "TCP", 3: 80, 4: IntOrString{1: 1, 2: 0, 3: "web"}}
            let port: [UInt8] = [0x12, 3] + Array("TCP".utf8) + [0x18, 80, 0x22, 9, 0x08, 1, 0x10, 0, 0x1A, 3] + Array("web".utf8)
            #expect(contains(bytes, port))
            // ObjectMeta 8: Time{1: 5, 2: 0}; 11: map entry
            #expect(contains(bytes, [0x42, 4, 0x08, 5, 0x10, 0]))
            #expect(contains(bytes, [0x5A, 6, 0x0A, 1, 0x6B, 0x12, 1, 0x76]))
        }
    }

    @Test func `what it writes it reads`() async throws {
        try await TestAPIServer.with(tls: false) { server in
            try server.seedServices(1, endpoints: 3)
            let client = RawClient(server: server)
            let path = "/apis/discovery.k8s.io/v1/namespaces/seed-0/endpointslices"
            let answer = try await client.send("GET", path + "/service-0-abcde", headers: Self.accept)
            let bytes = try await answer.body()
            let before = server.resourceVersion
            let written = try await client.send(
                "PUT", path + "/service-0-abcde", bytes: bytes, headers: [("Content-Type", "application/vnd.kubernetes.protobuf")])
            let result = try await written.json()
            #expect(written.status == 200, "\(result)")
            #expect(server.resourceVersion == before, "nothing was lost on the way")
        }
    }

    @Test func `a refusal comes in the format that was asked for`() async throws {
        try await TestAPIServer.with(tls: false) { server in
            let answer = try await RawClient(server: server).send(
                "GET", "/api/v1/namespaces/default/services/none", headers: Self.accept)
            #expect(answer.status == 404)
            #expect(answer.headers.first(name: "Content-Type") == "application/vnd.kubernetes.protobuf")
            let bytes = try await answer.body()
            #expect(contains(bytes, Array("services \"none\" not found".utf8)))
        }
    }

    @Test(
        "a format that the server does not have is passed over or refused",
        arguments: [
            ("application/vnd.kubernetes.protobuf,application/json", "/api/v1/configmaps", 200),
            ("application/vnd.kubernetes.protobuf", "/api/v1/configmaps", 406),
            ("application/vnd.kubernetes.protobuf", "/api/v1/services", 406),
            ("text/html", "/api/v1/services", 406),
        ])
    func fallback(_ accept: String, _ path: String, _ status: Int) async throws {
        var settings = ClusterSettings()
        settings.hasProtobuf = false
        try await TestAPIServer.with(settings, tls: false) { server in
            let answer = try await RawClient(server: server).json("GET", path, headers: [("Accept", accept)])
            #expect(answer.status == status)
        }
    }

    private func contains(_ bytes: [UInt8], _ part: [UInt8]) -> Bool {
        bytes.indices.dropLast(part.count - 1).contains { bytes[$0..<($0 + part.count)].elementsEqual(part) }
    }
}
