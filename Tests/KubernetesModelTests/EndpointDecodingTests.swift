import KubernetesModel
import KubernetesModelTesting
import NetworkTypes
import Testing

@Suite struct EndpointDecodingTests {
    @Test("conditions, hints and references of a slice are kept as written")
    func slice() throws {
        let slice: EndpointSlice = try decode(
            #"""
            {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
             "metadata": {"name": "web-abc", "labels": {"kubernetes.io/service-name": "web"}},
             "addressType": "IPv4", "ports": [{"port": 8080}, {"name": "dns", "protocol": "UDP"}],
             "endpoints": [
              {"addresses": ["10.0.0.1", "10.0.0.2"]},
              {"addresses": ["10.0.0.3"], "conditions": {"ready": false, "serving": true, "terminating": true},
               "nodeName": "node-a", "zone": "z1", "hostname": "web-1", "deprecatedTopology": {"a": "b"},
               "targetRef": {"kind": "Pod", "namespace": "default", "name": "web-1", "uid": "u-1"},
               "hints": {"forZones": [{"name": "z1"}, {"name": "z2"}], "forNodes": [{"name": "node-a"}]}}]}
            """#)
        #expect(slice.serviceKey == ObjectKey(namespace: "default", name: "web"))
        #expect(
            slice.ports == [EndpointPort(name: "", port: 8080), EndpointPort(name: "dns", protocol: .udp, port: nil)])
        #expect(slice.endpoints[0] == Endpoint(addresses: [ip("10.0.0.1"), ip("10.0.0.2")]))
        #expect(slice.endpoints[0].isReady && slice.endpoints[0].isServing && !slice.endpoints[0].isTerminating)
        #expect(
            slice.endpoints[1]
                == Endpoint(
                    addresses: [ip("10.0.0.3")], ready: false, serving: true, terminating: true, hostname: "web-1",
                    nodeName: "node-a", zone: "z1",
                    targetRef: TargetRef(kind: "Pod", namespace: "default", name: "web-1", uid: "u-1"),
                    hintZones: ["z1", "z2"], hintNodes: ["node-a"]))
    }

    @Test("the names of an FQDN slice are not kept, and no fault")
    func fqdn() throws {
        let slice: EndpointSlice = try decode(
            #"{"metadata": {"name": "x"}, "addressType": "FQDN", "endpoints": [{"addresses": ["db.example.com"], "zone": "z"}]}"#)
        #expect(slice.endpoints == [Endpoint(addresses: [], zone: "z")])
        #expect(slice.validate().isEmpty)
    }

    @Test("null lists are empty: the controller writes them for Services without ports")
    func nulls() throws {
        let slice: EndpointSlice = try decode(
            #"{"metadata": {"name": "x"}, "addressType": "IPv6", "ports": null, "endpoints": null}"#)
        #expect(slice.ports.isEmpty && slice.endpoints.isEmpty)
    }

    @Test(
        "a bad value of a slice is a fault at its very field",
        arguments: [
            (#"{"endpoints": []}"#, "addressType: Required value"),
            (#"{"addressType": "ipv4"}"#,
             #"addressType: Unsupported value: "ipv4": supported values: "FQDN", "IPv4", "IPv6""#),
            (#"{"addressType": "IPv4", "endpoints": [{"addresses": ["10.0.0.1"]}, {"addresses": ["10.0.0.2", "x"]}]}"#,
             #"endpoints[1].addresses[1]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"#),
            (#"{"addressType": "IPv4", "endpoints": [{"conditions": {"ready": "yes"}}]}"#,
             "endpoints[0].conditions.ready: Invalid value: must be true or false"),
            (#"{"addressType": "IPv4", "ports": [{"port": 80, "protocol": "udp"}]}"#,
             #"ports[0].protocol: Unsupported value: "udp": supported values: "SCTP", "TCP", "UDP""#),
            (#"{"addressType": "IPv4", "ports": [{"port": -5}]}"#,
             "ports[0].port: Invalid value: -5: must be between 1 and 65535, inclusive"),
        ])
    func sliceFaults(object: String, expected: String) throws {
        let fault = try decodingFault(object, as: EndpointSlice.self)
        #expect(fault == expected)
    }

    @Test("Endpoints")
    func endpoints() throws {
        let endpoints: Endpoints = try decode(
            #"""
            {"metadata": {"name": "db", "namespace": "shop"}, "subsets": [
             {"addresses": [{"ip": "192.0.2.1", "nodeName": "n"}], "notReadyAddresses": [{"ip": "192.0.2.2"}],
              "ports": [{"port": 5432}, {"name": "m", "port": 9000, "protocol": "SCTP"}]}]}
            """#)
        #expect(
            endpoints.subsets == [
                .init(
                    addresses: [.init(ip: ip("192.0.2.1"), nodeName: "n")], notReadyAddresses: [.init(ip: ip("192.0.2.2"))],
                    ports: [.init(port: 5432), .init(name: "m", protocol: .sctp, port: 9000)])
            ])
        let fault = try decodingFault(#"{"subsets": [{"addresses": [{}]}]}"#, as: Endpoints.self)
        #expect(fault == "subsets[0].addresses[0].ip: Required value")
    }
}
