import KubernetesModel
import KubernetesModelTesting
import NetworkTypes
import Testing

@Suite struct ServiceDecodingTests {
    @Test("what is left out gets the API server's defaults")
    func defaults() throws {
        let service: Service = try decode(#"{"metadata":{"name":"web"},"spec":{"ports":[{"port":80}]}}"#)
        #expect(service.metadata == ObjectMeta(name: "web", namespace: "default"))
        #expect(service.spec == ServiceSpec(ports: [ServicePortSpec(port: 80)]))
        #expect(service.spec.type == .clusterIP)
        #expect(service.spec.ports[0].protocol == .tcp)
        #expect(service.spec.ports[0].targetPort == .number(80))
        #expect(service.spec.ports[0].nodePort == nil)
        #expect(service.spec.sessionAffinity == .none)
        #expect(service.spec.sessionAffinityTimeoutSeconds == 10800)
        #expect(service.spec.externalTrafficPolicy == .cluster)
        #expect(service.spec.internalTrafficPolicy == .cluster)
        #expect(service.spec.allocateLoadBalancerNodePorts)
        #expect(service.status == ServiceStatus())
    }

    @Test("every field is read")
    func everything() throws {
        let service: Service = try decode(
            #"""
            {"apiVersion": "v1", "kind": "Service",
             "metadata": {"name": "web", "namespace": "shop", "uid": "u-1", "resourceVersion": "17",
              "generation": 3, "creationTimestamp": "2024-02-29T12:00:00Z", "labels": {"app": "web"},
              "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}", "fairway.dev/scheduler": "rr",
               "service.kubernetes.io/topology-mode": "Auto"},
              "managedFields": [{"manager": "kubectl"}], "finalizers": ["a/b"],
              "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "d", "uid": "u",
               "controller": true}]},
             "spec": {"type": "LoadBalancer", "clusterIP": "10.96.0.1", "clusterIPs": ["10.96.0.1", "fd00::1"],
              "ipFamilies": ["IPv4", "IPv6"], "ipFamilyPolicy": "RequireDualStack",
              "ports": [{"name": "http", "protocol": "TCP", "port": 80, "targetPort": "web", "nodePort": 30080,
                "appProtocol": "http"}, {"name": "dns", "protocol": "UDP", "port": 53, "targetPort": 5353}],
              "selector": {"app": "web"}, "sessionAffinity": "ClientIP",
              "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 60}},
              "externalTrafficPolicy": "Local", "internalTrafficPolicy": "Local", "externalIPs": ["192.0.2.1"],
              "loadBalancerSourceRanges": [" 10.1.2.3/8 ", "fd00::/8"], "loadBalancerClass": "example.com/lb",
              "allocateLoadBalancerNodePorts": false, "healthCheckNodePort": 32100,
              "publishNotReadyAddresses": true, "trafficDistribution": "PreferClose", "somethingNew": {"a": [1]}},
             "status": {"loadBalancer": {"ingress": [{"ip": "198.51.100.1", "ipMode": "VIP"},
               {"hostname": "lb.example.com"}]}, "conditions": []}}
            """#)
        var expected = Service(
            metadata: ObjectMeta(
                name: "web", namespace: "shop", uid: "u-1", resourceVersion: "17", generation: 3, labels: ["app": "web"],
                annotations: ["fairway.dev/scheduler": "rr", AnnotationKey.topologyMode: "Auto"],
                creationTimestamp: time("2024-02-29T12:00:00Z"),
                ownerReferences: [
                    OwnerReference(apiVersion: "apps/v1", kind: "Deployment", name: "d", uid: "u", controller: true)
                ]),
            spec: ServiceSpec(
                type: .loadBalancer, clusterIPs: [.address(ip("10.96.0.1")), .address(ip("fd00::1"))],
                ipFamilies: [.ipv4, .ipv6], ipFamilyPolicy: .requireDualStack,
                ports: [
                    ServicePortSpec(
                        name: "http", port: 80, targetPort: .name("web"), nodePort: 30080, appProtocol: "http"),
                    ServicePortSpec(name: "dns", protocol: .udp, port: 53, targetPort: .number(5353)),
                ], selector: ["app": "web"]))
        expected.spec.sessionAffinity = .clientIP
        expected.spec.sessionAffinityTimeoutSeconds = 60
        expected.spec.externalTrafficPolicy = .local
        expected.spec.internalTrafficPolicy = .local
        expected.spec.externalIPs = [ip("192.0.2.1")]
        expected.spec.loadBalancerSourceRanges = [prefix("10.0.0.0/8"), prefix("fd00::/8")]
        expected.spec.loadBalancerClass = "example.com/lb"
        expected.spec.allocateLoadBalancerNodePorts = false
        expected.spec.healthCheckNodePort = 32100
        expected.spec.publishNotReadyAddresses = true
        expected.spec.trafficDistribution = "PreferClose"
        expected.status.loadBalancerIngress = [
            LoadBalancerIngress(ip: ip("198.51.100.1"), ipMode: .vip),
            LoadBalancerIngress(ip: nil, hostname: "lb.example.com"),
        ]
        #expect(service == expected)
        #expect(service.validate().isEmpty)
    }

    @Test(
        "clusterIP and clusterIPs fold into one list",
        arguments: [
            (#"{}"#, []),
            (#"{"clusterIP": ""}"#, []),
            (#"{"clusterIP": null, "clusterIPs": null}"#, []),
            (#"{"clusterIP": "None"}"#, [ClusterIP.none]),
            (#"{"clusterIP": "None", "clusterIPs": ["None"]}"#, [ClusterIP.none]),
            (#"{"clusterIP": "10.96.0.1"}"#, [.address(IPAddress(v4: 0x0A60_0001))]),
            (#"{"clusterIPs": ["10.96.0.1"]}"#, [.address(IPAddress(v4: 0x0A60_0001))]),
        ] as [(String, [ClusterIP])])
    func clusterIPs(spec: String, expected: [ClusterIP]) throws {
        let service: Service = try decode(#"{"metadata":{"name":"web"},"spec":\#(spec)}"#)
        #expect(service.spec.clusterIPs == expected)
    }

    @Test(
        "target ports are numbers or names, absent ones the port",
        arguments: [
            (#""port": 80"#, TargetPort.number(80)), (#""port": 80, "targetPort": 0"#, .number(80)),
            (#""port": 80, "targetPort": null"#, .number(80)), (#""port": 80, "targetPort": """#, .number(80)),
            (#""port": 80, "targetPort": 8080"#, .number(8080)), (#""port": 80, "targetPort": "http"#+"\"", .name("http")),
        ])
    func targetPorts(port: String, expected: TargetPort) throws {
        let spec: ServicePortSpec = try decode("{\(port)}")
        #expect(spec.targetPort == expected)
    }

    @Test("without affinity its configuration is dropped")
    func affinityConfig() throws {
        let config = #""sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 5}}"#
        let none: ServiceSpec = try decode("{\(config)}")
        #expect(none.sessionAffinityTimeoutSeconds == 10800)
        let empty: ServiceSpec = try decode(#"{"sessionAffinity": "ClientIP", "sessionAffinityConfig": {}}"#)
        #expect(empty.sessionAffinityTimeoutSeconds == 10800)
    }

    @Test(
        "a bad value is a fault at its very field",
        arguments: [
            (#"{"ports": [{"port": 80}, {"port": 70000}]}"#,
             "spec.ports[1].port: Invalid value: 70000: must be between 1 and 65535, inclusive"),
            (#"{"ports": [{"port": 0}]}"#,
             "spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive"),
            (#"{"ports": [{"name": "a"}]}"#, "spec.ports[0].port: Required value"),
            (#"{"ports": [{"port": "80"}]}"#, "spec.ports[0].port: Invalid value: must be an integer"),
            (#"{"ports": [{"port": 80, "nodePort": -1}]}"#,
             "spec.ports[0].nodePort: Invalid value: -1: must be between 1 and 65535, inclusive"),
            (#"{"ports": [{"port": 80, "targetPort": 99999}]}"#,
             "spec.ports[0].targetPort: Invalid value: 99999: must be between 1 and 65535, inclusive"),
            (#"{"ports": [{"port": 80, "targetPort": true}]}"#,
             "spec.ports[0].targetPort: Invalid value: must be a string"),
            (#"{"ports": [{"port": 80, "protocol": "Tcp"}]}"#,
             #"spec.ports[0].protocol: Unsupported value: "Tcp": supported values: "SCTP", "TCP", "UDP""#),
            (#"{"ports": {"port": 80}}"#, "spec.ports: Invalid value: must be a list"),
            (#"{"ports": [80]}"#, "spec.ports[0]: Invalid value: must be a map"),
            (#"{"type": "clusterIP"}"#,
             #"spec.type: Unsupported value: "clusterIP": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort""#),
            (#"{"clusterIP": "1.2.3"}"#,
             #"spec.clusterIP: Invalid value: "1.2.3": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"#),
            (#"{"clusterIPs": ["10.0.0.1", "none"]}"#,
             #"spec.clusterIPs[1]: Invalid value: "none": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"#),
            (#"{"clusterIP": "10.0.0.2", "clusterIPs": ["10.0.0.1"]}"#,
             #"spec.clusterIPs[0]: Invalid value: "10.0.0.1": first value must match `clusterIP`"#),
            (#"{"ipFamilies": ["IPv4", "ipv6"]}"#,
             #"spec.ipFamilies[1]: Unsupported value: "ipv6": supported values: "IPv4", "IPv6""#),
            (#"{"externalIPs": ["192.0.2.1", "a\"b\n"]}"#,
             #"spec.externalIPs[1]: Invalid value: "a\"b\n": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"#),
            (#"{"loadBalancerSourceRanges": ["10.0.0.0"]}"#,
             #"spec.loadBalancerSourceRanges[0]: Invalid value: "10.0.0.0": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"#),
            (#"{"loadBalancerSourceRanges": ["10.0.0.0/8", "\tfd00::/8\n", " 10.0.0.0 /8"]}"#,
             #"spec.loadBalancerSourceRanges[2]: Invalid value: " 10.0.0.0 /8": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"#),
            (#"{"healthCheckNodePort": 65536}"#,
             "spec.healthCheckNodePort: Invalid value: 65536: must be between 1 and 65535, inclusive"),
            (#"{"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 99999999999}}}"#,
             "spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 99999999999: must be between 1 and 86400, inclusive"),
            (#"{"selector": {"app": 1}}"#, "spec.selector.app: Invalid value: must be a string"),
            (#"{"selector": ["app"]}"#, "spec.selector: Invalid value: must be a map"),
            (#"{"publishNotReadyAddresses": "yes"}"#,
             "spec.publishNotReadyAddresses: Invalid value: must be true or false"),
            (#"7"#, "spec: Invalid value: must be a map"),
        ])
    func faults(spec: String, expected: String) throws {
        let fault = try decodingFault(#"{"metadata":{"name":"web"},"spec":\#(spec)}"#, as: Service.self)
        #expect(fault == expected)
    }

    @Test(
        "a bad value of the metadata or the status is a fault at its very field",
        arguments: [
            (#"{"metadata": {"name": 7}}"#, "metadata.name: Invalid value: must be a string"),
            (#"{"metadata": {"labels": {"a": true}}}"#, "metadata.labels.a: Invalid value: must be a string"),
            (#"{"metadata": {"creationTimestamp": "yesterday"}}"#,
             #"metadata.creationTimestamp: Invalid value: "yesterday": must be a time as RFC 3339 writes it (e.g. 2006-01-02T15:04:05Z)"#),
            (#"{"metadata": {"annotations": {"/x": "y"}}}"#,
             #"metadata.annotations[/x]: Invalid value: "/x": prefix part must be non-empty"#),
            (#"{"metadata": {"annotations": {"fairway.dev/x": 1}}}"#,
             "metadata.annotations[fairway.dev/x]: Invalid value: must be a string"),
            (#"{"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1", "ipMode": "VIP"}, {"ip": "192.0.2.2", "ipMode": "vip"}]}}}"#,
             #"status.loadBalancer.ingress[1].ipMode: Unsupported value: "vip": supported values: "Proxy", "VIP""#),
            (#"{"status": {"loadBalancer": {"ingress": [{"ip": "x"}]}}}"#,
             #"status.loadBalancer.ingress[0].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"#),
        ])
    func otherFaults(object: String, expected: String) throws {
        let fault = try decodingFault(object, as: Service.self)
        #expect(fault == expected)
    }
}
