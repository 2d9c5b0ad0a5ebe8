import Foundation
import KubernetesModel
import KubernetesModelTesting
import KubernetesWire
import NetworkTypes
import Testing

/// What kube-apiserver 1.36 answered to the same requests, as protobuf and as JSON: see Samples.
@Suite("Bytes of a real API server")
struct RealServerTests {
    static let kinds: [(ObjectKind, String)] = [
        (.service, "services"), (.endpointSlice, "endpointslices"), (.pod, "pods"), (.node, "nodes"),
        (.namespace, "namespaces"), (.serviceCIDR, "servicecidrs"),
    ]

    static func sample(_ name: String) throws -> [UInt8] {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Samples")
        return Array(try Data(contentsOf: folder.appending(path: name)))
    }

    static func sample(_ name: String, _ format: WireFormat) throws -> [UInt8] {
        try sample(name + (format == .json ? ".json" : ".pb"))
    }

    static func events(_ kind: ObjectKind, _ name: String, _ format: WireFormat) throws -> [WatchEvent] {
        var reader = WatchFrameReader(kind, format: format)
        let events = try reader.read(sample(name, format))
        try reader.finish()
        return events
    }

    @Test("lists and objects are the same in both formats", arguments: kinds)
    func formatsAgree(_ kind: ObjectKind, _ plural: String) throws {
        var read: [WireFormat: (ObjectList, KubernetesObject)] = [:]
        for format in WireFormat.allCases {
            let decoder = ObjectDecoder(kind, format: format)
            read[format] = (
                try decoder.list(Self.sample("\(plural)-list", format)),
                try decoder.object(Self.sample("\(plural)-object", format))
            )
        }
        let (protobuf, json) = (try #require(read[.protobuf]), try #require(read[.json]))
        #expect(protobuf.0.objects == json.0.objects)
        #expect(protobuf.1 == json.1)
        #expect(protobuf.0.faults.isEmpty && json.0.faults.isEmpty)
        #expect(protobuf.0.objects.contains { $0.reference == protobuf.1.reference })
        #expect(!protobuf.0.resourceVersion.isEmpty)
        for object in protobuf.0.objects { #expect(object.validate() == [], "\(object.reference)") }
    }

    @Test("a streamed list ends with the bookmark that says so", arguments: kinds)
    func streamedLists(_ kind: ObjectKind, _ plural: String) throws {
        for format in WireFormat.allCases {
            let events = try Self.events(kind, "\(plural)-watchlist", format)
            let ends = events.filter { if case .bookmark(_, true) = $0 { true } else { false } }
            #expect(ends.count == 1, "\(format)")
            #expect(events.allSatisfy { if case .unreadable = $0 { false } else { true } })
            let list = try ObjectDecoder(kind, format: format).list(Self.sample("\(plural)-list", format))
            let first = events.prefix { if case .bookmark = $0 { false } else { true } }
            let names = Set(first.compactMap { if case .set(let object) = $0 { object.reference } else { nil } })
            #expect(names == Set(list.objects.map(\.reference)), "\(format)")
        }
    }

    @Test("the fields of a Service, its port by name, its affinity", arguments: WireFormat.allCases)
    func service(_ format: WireFormat) throws {
        let object = try ObjectDecoder(.service, format: format).object(Self.sample("services-object", format))
        let service = try #require(Service(object))
        #expect(
            service.spec
                == ServiceSpec(
                    clusterIPs: [.address(ip("10.96.201.179"))], ipFamilies: [.ipv4], ipFamilyPolicy: .singleStack,
                    ports: [
                        ServicePortSpec(name: "http", port: 80, targetPort: .number(8080)),
                        ServicePortSpec(
                            name: "dns", protocol: .udp, port: 53, targetPort: .name("dns"),
                            appProtocol: "kubernetes.io/h2c"),
                    ], selector: ["app": "web"], sessionAffinity: .clientIP, sessionAffinityTimeoutSeconds: 600,
                    internalTrafficPolicy: .local))
        #expect(service.metadata.labels == ["app": "web"])
        #expect(service.metadata.creationTimestamp == time("2026-11-22T01:13:43Z"))
    }

    @Test("a page of two says where the next begins", arguments: WireFormat.allCases)
    func page(_ format: WireFormat) throws {
        let page = try ObjectDecoder(.service, format: format).list(Self.sample("services-list-limit2", format))
        #expect(page.objects.count == 2)
        #expect(!page.continueToken.isEmpty)
    }

    @Test("a watch of a Service that is changed twice, and the bookmark before its end", arguments: WireFormat.allCases)
    func watch(_ format: WireFormat) throws {
        let events = try Self.events(.service, "services-watch", format)
        let shape = events.map { event in
            switch event {
            case .set(let object): "set \(object.reference)"
            case .bookmark(let version, false) where !version.isEmpty: "bookmark"
            default: "\(event)"
            }
        }
        #expect(shape == ["set Service samples/web", "set Service samples/web", "bookmark"])
    }

    @Test("a version that is too old ends the watch with its Status", arguments: WireFormat.allCases)
    func expired(_ format: WireFormat) throws {
        let events = try Self.events(.service, "410-watch", format)
        let status = try #require(events.first.flatMap { if case .error(let status) = $0 { status } else { nil } })
        #expect(events.count == 1)
        #expect(status.isExpired)
        #expect(status.code == 410)
        #expect(status.message.hasPrefix("too old resource version"))
    }

    @Test(
        "refusals are told apart in both formats",
        arguments: [
            ("refusal-404", 404, "NotFound"), ("refusal-409-conflict", 409, "Conflict"),
            ("refusal-409-exists", 409, "AlreadyExists"), ("refusal-403-anonymous", 403, "Forbidden"),
            ("410-list-continue", 410, "Expired"),
        ])
    func refusals(_ name: String, _ code: Int, _ reason: String) throws {
        let read = try WireFormat.allCases.map { APIStatus(httpStatus: 0, body: try Self.sample(name, $0)) }
        for status in read {
            #expect(status.code == code)
            #expect(status.reason == reason)
            #expect(!status.message.isEmpty)
        }
        if code != 410 { #expect(read[0] == read[1]) }
        let text = APIStatus(httpStatus: 404, body: try Self.sample("no-such-api.txt"))
        #expect(text == APIStatus(code: 404, message: "404 page not found"))
    }

    @Test("a Lease in both formats, and an event")
    func leaseAndEvent() throws {
        let json = try JSONBody.decode(Lease.self, from: Self.sample("leases-object.json"))
        let protobuf = try Lease(protobuf: Self.sample("leases-object.pb"))
        #expect(json == protobuf)
        #expect(json.holderIdentity == "node-a")
        #expect(json.renewTime == time("2026-01-02T03:04:06.654321Z"))
        #expect(json.leaseTransitions == 3)
        let event = try JSONBody.decode(APIEvent.self, from: Self.sample("events-v1-object.json"))
        #expect(event.eventTime == time("2026-01-02T03:04:05.000001Z"))
        #expect(event.regarding == .init(apiVersion: "v1", kind: "Service", namespace: "samples", name: "web"))
    }
}
