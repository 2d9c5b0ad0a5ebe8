import KubernetesModel
import KubernetesModelTesting
import NetworkTypes
import Testing

@Suite struct PodAndNodeDecodingTests {
    @Test("ports come from containers, then restartable init containers")
    func pod() throws {
        let pod: Pod = try decode(
            #"""
            {"metadata": {"name": "web-1", "deletionTimestamp": "2024-01-01T00:00:00Z"},
             "spec": {"nodeName": "node-a", "hostname": "h", "subdomain": "s", "hostNetwork": true,
              "initContainers": [{"name": "setup", "ports": [{"name": "no", "containerPort": 1}]},
               {"name": "mesh", "restartPolicy": "Always", "ports": [{"name": "mesh", "containerPort": 15000}]}],
              "containers": [{"name": "a", "image": "x"}, {"name": "b",
               "ports": [{"name": "http", "containerPort": 8080}, {"containerPort": 53, "protocol": "UDP"}]}]},
             "status": {"phase": "Running", "podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}, {"ip": "fd00::1"}],
              "conditions": [{"type": "Initialized", "status": "True", "lastTransitionTime": null},
               {"type": "Ready", "status": "True", "lastTransitionTime": "2024-01-01T00:00:05Z"}]}}
            """#)
        #expect(
            pod.containerPorts == [
                ContainerPort(name: "http", containerPort: 8080), ContainerPort(containerPort: 53, protocol: .udp),
                ContainerPort(name: "mesh", containerPort: 15000),
            ])
        #expect(pod.podIPs == [ip("10.0.0.1"), ip("fd00::1")])
        #expect(pod.isReady)
        #expect(pod.readyTransitionTime == time("2024-01-01T00:00:05Z"))
        #expect(pod.metadata.deletionTimestamp == time("2024-01-01T00:00:00Z"))
        #expect((pod.nodeName, pod.hostname, pod.subdomain) == ("node-a", "h", "s"))
        #expect(pod.hostNetwork && pod.phase == .running)
    }

    @Test("a Pod without spec and status is pending and has no address")
    func bare() throws {
        let pod: Pod = try decode(#"{"metadata": {"name": "web-1"}}"#)
        #expect(pod == Pod(metadata: ObjectMeta(name: "web-1", namespace: "default")))
    }

    @Test(
        "podIP folds into podIPs as the first",
        arguments: [
            (#"{"podIP": "10.0.0.1"}"#, ["10.0.0.1"]), (#"{"podIP": "", "podIPs": []}"#, []),
            (#"{"podIPs": [{"ip": "10.0.0.2"}]}"#, ["10.0.0.2"]),
            (#"{"podIP": "10.0.0.1", "podIPs": [{"ip": "fd00::1"}, {"ip": "10.0.0.1"}]}"#, ["10.0.0.1", "fd00::1"]),
        ] as [(String, [String])])
    func podIPs(status: String, expected: [String]) throws {
        let pod: Pod = try decode(#"{"metadata": {"name": "web-1"}, "status": \#(status)}"#)
        #expect(pod.podIPs.map(\.description) == expected)
    }

    @Test("Ready is true only when the condition says True", arguments: [("True", true), ("False", false), ("Unknown", false)])
    func readiness(status: String, expected: Bool) throws {
        let conditions = #"{"conditions": [{"type": "Ready", "status": "\#(status)"}]}"#
        let pod: Pod = try decode(#"{"metadata": {"name": "p"}, "status": \#(conditions)}"#)
        #expect(pod.isReady == expected)
        let node: Node = try decode(#"{"metadata": {"name": "n"}, "status": \#(conditions)}"#)
        #expect(node.isReady == expected)
    }

    @Test(
        "a bad value of a Pod or a Node is a fault at its very field",
        arguments: [
            (ObjectKind.pod, #"{"status": {"phase": "running"}}"#,
             #"status.phase: Unsupported value: "running": supported values: "Failed", "Pending", "Running", "Succeeded", "Unknown""#),
            (.pod, #"{"status": {"podIPs": [{"ip": "10.0.0"}]}}"#,
             #"status.podIPs[0].ip: Invalid value: "10.0.0": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"#),
            (.pod, #"{"spec": {"containers": [{}, {"ports": [{"containerPort": 0}]}]}}"#,
             "spec.containers[1].ports[0].containerPort: Invalid value: 0: must be between 1 and 65535, inclusive"),
            (.node, #"{"spec": {"podCIDRs": ["10.0.0.0/33"]}}"#,
             #"spec.podCIDRs[0]: Invalid value: "10.0.0.0/33": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"#),
            (.node, #"{"status": {"allocatable": {"cpu": "many"}}}"#,
             #"status.allocatable.cpu: Invalid value: "many": must be a quantity of CPU (e.g. 4, 1.5 or 3920m)"#),
            (.serviceCIDR, #"{"spec": {"cidrs": ["10.96.0.0/12", "10.96.0.1/12"]}}"#,
             #"spec.cidrs[1]: Invalid value: "10.96.0.1/12": must not have bits set beyond the prefix length"#),
            (.serviceCIDR, #"{"spec": {"cidrs": ["10.96.0.0"]}}"#,
             #"spec.cidrs[0]: Invalid value: "10.96.0.0": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"#),
        ])
    func faults(kind: ObjectKind, object: String, expected: String) throws {
        let fault =
            switch kind {
            case .pod: try decodingFault(object, as: Pod.self)
            case .node: try decodingFault(object, as: Node.self)
            default: try decodingFault(object, as: ServiceCIDR.self)
            }
        #expect(fault == expected)
    }

    @Test("Node")
    func node() throws {
        let node: Node = try decode(
            #"""
            {"metadata": {"name": "node-a", "labels": {"topology.kubernetes.io/zone": "z1"}},
             "spec": {"podCIDR": "10.244.1.0/24", "podCIDRs": ["10.244.1.0/24", "fd00:1::/64"],
              "taints": [{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}]},
             "status": {"allocatable": {"cpu": "3920m"}, "addresses": [{"type": "InternalIP", "address": "192.0.2.1"},
               {"type": "Hostname", "address": "node-a"}]}}
            """#)
        #expect(node.metadata.namespace.isEmpty)
        #expect(node.zone == "z1")
        #expect(node.podCIDRs == [prefix("10.244.1.0/24"), prefix("fd00:1::/64")])
        #expect(node.taintKeys == ["node-role.kubernetes.io/control-plane"])
        #expect(node.internalIPs == [ip("192.0.2.1")])
        #expect(node.allocatableMilliCPU == 3920)
    }

    @Test(
        "CPU quantities",
        arguments: [
            ("\"4\"", 4000), ("4", 4000), ("\"1.5\"", 1500), ("\"3920m\"", 3920), ("\"0.0001\"", 1), ("\"2k\"", 2_000_000),
            ("\"250000u\"", 250), ("\"1e3\"", 1_000_000), ("null", 0), ("\".5\"", 500), ("\"1n\"", 1),
            ("\"-1\"", nil), ("\"\"", nil), ("\"m\"", nil), ("\"1x\"", nil), ("\"99999999999999999999\"", nil),
            ("\"1.2.3\"", nil), ("\"9223372036854775807\"", nil),
        ] as [(String, Int64?)])
    func quantities(text: String, expected: Int64?) {
        let node = try? decode(
            #"{"metadata": {"name": "n"}, "status": {"allocatable": {"cpu": \#(text)}}}"#, as: Node.self)
        #expect(node?.allocatableMilliCPU == expected)
    }

    @Test("ServiceCIDR and Namespace live in no namespace")
    func clusterScoped() throws {
        let cidr: ServiceCIDR = try decode(
            #"{"metadata": {"name": "kubernetes"}, "spec": {"cidrs": ["10.96.0.0/16", "fd00:10:96::/112"]}}"#)
        #expect(cidr == ServiceCIDR.make("kubernetes", cidrs: ["10.96.0.0/16", "fd00:10:96::/112"]))
        let namespace: Namespace = try decode(#"{"metadata": {"name": "shop"}, "spec": {}}"#)
        #expect(namespace.metadata == ObjectMeta(name: "shop"))
    }
}
