import KubernetesModel
import KubernetesModelTesting
import NetworkTypes
import Testing

@Suite("Annotations that Fairway reads")
struct AnnotationTests {
    @Test(
        "weights print in the order of addresses, without those that are 1",
        arguments: [
            ("10.244.1.5=3,10.244.2.7=0", "10.244.1.5=3,10.244.2.7=0"),
            ("10.0.0.10=2,10.0.0.9=4", "10.0.0.9=4,10.0.0.10=2"),
            ("fd00:0::1=65535,10.0.0.1=2", "10.0.0.1=2,fd00::1=65535"),
            (" 10.0.0.1=2 ,\t10.0.0.2=3", "10.0.0.1=2,10.0.0.2=3"),
            ("10.0.0.1=1", ""), ("", ""), (",,", ""),
            ("10.0.0.1=2,10.0.0.1=5", "10.0.0.1=5"),
            ("x=3,10.0.0.1,10.0.0.2=,=4,10.0.0.3=65536,10.0.0.4=-1,10.0.0.5=+1,10.0.0.6=7", "10.0.0.6=7"),
        ])
    func weights(text: String, printed: String) {
        let weights = EndpointWeights(text)
        #expect(weights.text == printed)
        #expect(EndpointWeights(weights.text) == weights)
        #expect(weights.isEmpty == printed.isEmpty)
    }

    @Test("a weight is looked up by address, nil stands for 1")
    func lookup() throws {
        let annotations = [AnnotationKey.endpointWeights: "10.0.0.1=0,10.0.0.2=1"]
        var weights = try #require(EndpointWeights(annotations: annotations))
        #expect(weights[ip("10.0.0.1")] == 0)
        #expect(weights[ip("10.0.0.2")] == nil)
        weights[ip("10.0.0.1")] = 1
        #expect(weights.isEmpty)
        #expect(EndpointWeights(annotations: [:]) == nil)
        #expect(EndpointWeights(annotations: [AnnotationKey.endpointWeights: "nonsense"]) == nil)
    }

    @Test("a Pod's weight is 1 unless the annotation is one", arguments: [(nil, 1), ("0", 0), ("65535", 65535), ("65536", 1), ("two", 1), ("", 1)])
    func podWeight(text: String?, weight: UInt16) {
        var pod = Pod.make("a", ip: "10.0.0.1")
        pod.metadata.annotations["fairway.dev/weight"] = text
        #expect(pod.weight == weight)
    }

    @Test("options of a Service are off unless an annotation asks for them")
    func options() {
        var service = Service.make("a")
        #expect(service.schedulerName == nil)
        #expect(!service.affinityIsForWholeService && !service.refusesWithoutLocalEndpoints)
        #expect(service.proxyProtocolVersion == nil && !service.keepsClientAddress)
        service.metadata.annotations = [
            "fairway.dev/scheduler": "sh", "fairway.dev/session-affinity-scope": "service",
            "fairway.dev/no-local-endpoints": "reject", "fairway.dev/proxy-protocol": "v1",
            "fairway.dev/keep-client-address": "true",
        ]
        #expect(service.schedulerName == "sh")
        #expect(service.affinityIsForWholeService && service.refusesWithoutLocalEndpoints)
        #expect(service.proxyProtocolVersion == "v1" && service.keepsClientAddress)
        service.metadata.annotations = [
            "fairway.dev/scheduler": "SH", "fairway.dev/session-affinity-scope": "port",
            "fairway.dev/no-local-endpoints": "drop", "fairway.dev/proxy-protocol": "V1",
            "fairway.dev/keep-client-address": "True",
        ]
        #expect(service.proxyProtocolVersion == nil && !service.keepsClientAddress)
        #expect(service.schedulerName == nil)
        #expect(!service.affinityIsForWholeService && !service.refusesWithoutLocalEndpoints)
    }

    @Test(
        "the deprecated topology annotation wins",
        arguments: [
            (nil, nil, false), ("Auto", nil, true), ("auto", nil, true), ("AUTO", nil, false), (nil, "Auto", true),
            (nil, "auto", true), ("Auto", "Disabled", false), ("Disabled", "Auto", true), ("Auto", "", false),
        ])
    func topology(mode: String?, deprecated: String?, asks: Bool) {
        var service = Service.make("a")
        service.metadata.annotations["service.kubernetes.io/topology-mode"] = mode
        service.metadata.annotations["service.kubernetes.io/topology-aware-hints"] = deprecated
        #expect(service.asksForTopologyHints == asks)
    }

    @Test(
        "Endpoints that are mirrored and slices made of them keep the annotations of others",
        arguments: [
            ("{}", "{}", true, false),
            (#"{"endpointslice.kubernetes.io/skip-mirror": "true"}"#, "{}", false, false),
            (#"{"endpointslice.kubernetes.io/skip-mirror": "false"}"#, "{}", true, false),
            ("{}", #"{"control-plane.alpha.kubernetes.io/leader": ""}"#, false, false),
            (#"{"endpointslice.kubernetes.io/managed-by": "endpointslicemirroring-controller.k8s.io"}"#, "{}", true, true),
            (#"{"endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"}"#, "{}", true, false),
        ])
    func mirrored(labels: String, more: String, endpointsKeep: Bool, sliceKeeps: Bool) throws {
        let more = more.dropFirst().dropLast()
        let text = """
            "metadata": {"name": "a", "labels": \(labels), "annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": "{}", "example.com/owner": "shop",
                "endpoints.kubernetes.io/over-capacity": "truncated"\(more.isEmpty ? "" : ", ")\(more)}}
            """
        let endpoints: Endpoints = try decode("{\(text)}")
        let slice: EndpointSlice = try decode(#"{"addressType": "IPv4", \#(text)}"#)
        let service: Service = try decode("{\(text)}")
        let others = ["example.com/owner": "shop", "endpoints.kubernetes.io/over-capacity": "truncated"]
        let own = service.metadata.annotations
        let ofEndpoints = endpointsKeep ? others : own
        #expect(endpoints.metadata.annotations == ofEndpoints)
        let applied = ["kubectl.kubernetes.io/last-applied-configuration": "{}"]
        let ofSlice = sliceKeeps ? others.merging(applied) { $1 } : own
        #expect(slice.metadata.annotations == ofSlice)
        let again: Endpoints = try decode(try encodeJSON(endpoints))
        #expect(again == endpoints)
    }

    @Test("decoding keeps Fairway's annotations and those of topology on every kind, and no other")
    func kept() throws {
        let text = #""metadata": {"name": "a", "annotations": {"fairway.dev/weight": "3", "fairway.dev/endpoint-weights": "10.0.0.1=3", "service.kubernetes.io/topology-mode": "Auto", "service.kubernetes.io/topology-aware-hints": "auto", "example.com/a": "b"}}"#
        let expected = [
            "fairway.dev/weight": "3", "fairway.dev/endpoint-weights": "10.0.0.1=3",
            "service.kubernetes.io/topology-mode": "Auto", "service.kubernetes.io/topology-aware-hints": "auto",
        ]
        let pod: Pod = try decode("{\(text)}")
        let slice: EndpointSlice = try decode(#"{"addressType": "IPv4", \#(text)}"#)
        let service: Service = try decode("{\(text)}")
        #expect(pod.metadata.annotations == expected)
        #expect(slice.metadata.annotations == expected)
        #expect(service.metadata.annotations == expected)
        let again: EndpointSlice = try decode(try encodeJSON(slice))
        #expect(again == slice)
    }
}
