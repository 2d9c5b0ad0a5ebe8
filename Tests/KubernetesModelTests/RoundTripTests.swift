import FoundationEssentials
import KubernetesModel
import KubernetesModelTesting
import NetworkTypes
import Testing

@Suite struct RoundTripTests {
    @Test("decode(encode(x)) == x for random valid objects", arguments: [1, 2, 3, 5, 8, UInt64.random(in: 0 ... .max)])
    func roundTrip(seed: UInt64) throws {
        var objects = RandomObjects(seed: seed)
        for index in 0..<400 {
            let object = objects.object()
            #expect(object.validate().isEmpty, "seed \(seed) object \(index)")
            let text = try encodeJSON(object)
            let copy: KubernetesObject = try decode(text)
            #expect(copy == object, "seed \(seed) object \(index): \(text)")
        }
    }

    @Test("objects are written in the API's shape")
    func shape() throws {
        let service = Service.make("web", type: .nodePort, clusterIPs: ["10.96.0.1"], uid: "u") {
            $0.spec.ports = [ServicePortSpec(name: "http", port: 80, targetPort: .name("web"), nodePort: 30080)]
        }
        #expect(
            try encodeJSON(KubernetesObject.service(service)) == """
                {"apiVersion":"v1","kind":"Service","metadata":{"name":"web","namespace":"default","uid":"u"},\
                "spec":{"clusterIP":"10.96.0.1","clusterIPs":["10.96.0.1"],"externalTrafficPolicy":"Cluster",\
                "internalTrafficPolicy":"Cluster","ipFamilies":["IPv4"],\
                "ports":[{"name":"http","nodePort":30080,"port":80,"protocol":"TCP","targetPort":"web"}],\
                "selector":{"app":"web"},"sessionAffinity":"None","type":"NodePort"},"status":{"loadBalancer":{}}}
                """)
        let slice = EndpointSlice.make("web-1", service: "web", endpoints: [.make("10.0.0.1", node: "a")]) {
            $0.metadata.uid = ""
        }
        #expect(
            try encodeJSON(slice) == """
                {"addressType":"IPv4","apiVersion":"discovery.k8s.io/v1",\
                "endpoints":[{"addresses":["10.0.0.1"],"conditions":{"ready":true,"serving":true,"terminating":false},\
                "nodeName":"a"}],"kind":"EndpointSlice",\
                "metadata":{"labels":{"kubernetes.io/service-name":"web"},"name":"web-1","namespace":"default"},\
                "ports":[{"name":"","port":80,"protocol":"TCP"}]}
                """)
    }

    @Test(
        "a kind is known by its version too",
        arguments: [
            ("v1", "Service", ObjectKind.service), ("v1", "Pod", .pod), ("v1", "Endpoints", .endpoints), ("v1", "Node", .node),
            ("v1", "Namespace", .namespace), ("discovery.k8s.io/v1", "EndpointSlice", .endpointSlice),
            ("networking.k8s.io/v1", "ServiceCIDR", .serviceCIDR), ("apps/v1", "Deployment", nil),
            ("discovery.k8s.io/v1beta1", "EndpointSlice", nil), ("v1", "EndpointSlice", nil), ("v1", "service", nil),
            ("serving.knative.dev/v1", "Service", nil), ("", "", nil),
        ] as [(String, String, ObjectKind?)])
    func kinds(apiVersion: String, kind: String, expected: ObjectKind?) {
        #expect(KubernetesObject.kind(apiVersion: apiVersion, kind: kind) == expected)
    }

    @Test("an interner shares long strings up to its limit, and changes nothing else")
    func interner() throws {
        let interner = StringInterner(limit: 2)
        let decoder = JSONDecoder()
        decoder.userInfo[StringInterner.key] = interner
        var objects = RandomObjects(seed: 7)
        for _ in 0..<50 {
            let object = objects.object()
            let copy = try decoder.decode(KubernetesObject.self, from: Data(encodeJSON(object).utf8))
            #expect(copy == object)
        }
        #expect(interner.count == 2)
        #expect(interner.intern("short") == "short")
        #expect(interner.count == 2)
        let unseen = "a string that is longer than sixteen bytes"
        #expect(interner.intern(unseen) == unseen)
        #expect(interner.count == 2)
    }
}
