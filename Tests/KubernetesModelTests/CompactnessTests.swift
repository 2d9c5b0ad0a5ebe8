import KubernetesModel
import NetworkTypes
import Testing

@Suite struct CompactnessTests {
    /// There are as many endpoints as pods, and several copies of each while a cluster is read.
    @Test("what there is thousands of stays small")
    func sizes() {
        #expect(MemoryLayout<Endpoint>.stride <= 32)
        #expect(MemoryLayout<ObjectMeta>.stride <= 72)
        #expect(MemoryLayout<KubernetesObject>.stride <= 8)
    }

    private static let addresses = [IPAddress(v4: 0x0A00_0001), IPAddress(v4: 0x0A00_0002)]
    private static let target = TargetRef(kind: "Pod", namespace: "default", name: "web-0", uid: "1")

    @Test("the details of an endpoint set one by one are those given at once")
    func endpointDetails() {
        let whole = Endpoint(
            addresses: Self.addresses, ready: false, hostname: "a", nodeName: "b", zone: "c", targetRef: Self.target,
            hintZones: ["d"], hintNodes: ["e"])
        var endpoint = Endpoint(addresses: [], ready: false)
        endpoint.addresses = Self.addresses
        endpoint.hostname = "a"
        endpoint.nodeName = "b"
        endpoint.zone = "c"
        endpoint.targetRef = Self.target
        endpoint.hintZones = ["d"]
        endpoint.hintNodes = ["e"]
        #expect(endpoint == whole)
        #expect(endpoint.hashValue == whole.hashValue)
        #expect(endpoint.addresses == Self.addresses)
        #expect(endpoint.firstAddress == Self.addresses[0])
        #expect([endpoint.hostname, endpoint.nodeName, endpoint.zone] == ["a", "b", "c"])
        #expect(endpoint.targetRef == Self.target)
        #expect(endpoint.hintZones + endpoint.hintNodes == ["d", "e"])
    }

    @Test("details taken back leave what never had them, and a copy its own")
    func takenBack() {
        let plain = Endpoint(addresses: [Self.addresses[0]])
        var endpoint = Endpoint(addresses: Self.addresses, hostname: "a")
        let copy = endpoint
        endpoint.addresses = [Self.addresses[0]]
        endpoint.hostname = nil
        #expect(endpoint == plain)
        #expect(endpoint.hashValue == plain.hashValue)
        #expect(copy.addresses == Self.addresses)
        #expect(copy.hostname == "a")
        endpoint.addresses = []
        #expect(endpoint == Endpoint(addresses: []))
        #expect(endpoint.addresses.isEmpty)
    }

    @Test("the rarer fields of metadata and of a Service are kept and taken back")
    func rarerFields() {
        var metadata = ObjectMeta(name: "a")
        metadata.uid = "u"
        metadata.resourceVersion = "7"
        metadata.generation = 3
        metadata.generateName = "a-"
        metadata.deletionTimestamp = Timestamp(seconds: 1)
        #expect(
            metadata
                == ObjectMeta(
                    name: "a", uid: "u", resourceVersion: "7", generation: 3, generateName: "a-",
                    deletionTimestamp: Timestamp(seconds: 1)))
        var spec = ServiceSpec()
        spec.externalName = "example.com"
        spec.externalIPs = Self.addresses
        spec.loadBalancerClass = "x"
        spec.trafficDistribution = "PreferClose"
        #expect(
            spec
                == ServiceSpec(
                    externalIPs: Self.addresses, loadBalancerClass: "x", trafficDistribution: "PreferClose",
                    externalName: "example.com"))
        spec.externalName = ""
        spec.externalIPs = []
        spec.loadBalancerClass = nil
        spec.trafficDistribution = nil
        #expect(spec == ServiceSpec())
    }
}
