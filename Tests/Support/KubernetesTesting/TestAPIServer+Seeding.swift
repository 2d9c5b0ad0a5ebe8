/// Many objects at once.
extension TestAPIServer {
    /// Services `service-0...` in namespaces of a hundred, each with a slice of ready endpoints.
    package func seedServices(_ count: Int, endpoints: Int, nodes: Int = 100) throws {
        for first in stride(from: 0, to: count, by: 1000) {
            try state.write { cluster in
                for index in first..<min(count, first + 1000) {
                    let (namespace, name) = ("seed-\(index / 100)", "service-\(index)")
                    let service = try cluster.put(SeedObjects.service(namespace, name), .services)
                    let slice = SeedObjects.slice(namespace, name, index, uid: service.uid, endpoints: endpoints, nodes: nodes)
                    _ = try cluster.put(slice, .endpointSlices)
                }
            }
        }
    }

    /// Pods `pod-0...`, running and ready: ten for each of the seeded Services, beside it.
    package func seedPods(_ count: Int, nodes: Int = 100) throws {
        for first in stride(from: 0, to: count, by: 1000) {
            try state.write { cluster in
                for index in first..<min(count, first + 1000) {
                    _ = try cluster.put(SeedObjects.pod("seed-\(index / 1000)", index, nodes: nodes), .pods)
                }
            }
        }
    }

    /// Encodes everything there is, so that the first list costs what the second does.
    package func warm() {
        for type in ResourceType.all where ProtobufSchema.has(type) {
            let page = state.read { ListPage(objects: $0.table(type).objects, version: $0.version) }
            _ = ObjectEncoding(type: type, format: .protobuf).list(page)
        }
    }
}

/// Objects as the components of a cluster leave them.
enum SeedObjects {
    static func service(_ namespace: String, _ name: String) -> JSON {
        [
            "metadata": ["name": .string(name), "namespace": .string(namespace), "labels": ["app": .string(name)]],
            "spec": [
                "selector": ["app": .string(name)],
                "ports": [["name": "http", "protocol": "TCP", "port": 80, "targetPort": 8080]],
            ],
        ]
    }

    static func slice(_ namespace: String, _ service: String, _ index: Int, uid: String, endpoints: Int, nodes: Int) -> JSON {
        let list = (0..<endpoints).map { place -> JSON in
            let number = index * endpoints + place
            return [
                "addresses": [.string(address(number))],
                "conditions": ["ready": true, "serving": true, "terminating": false],
                "nodeName": .string("node-\(number % nodes)"), "zone": .string("zone-\(number % 3)"),
                "targetRef": [
                    "kind": "Pod", "namespace": .string(namespace), "name": .string("\(service)-\(place)"),
                    "uid": .string("pod-\(number)"),
                ],
            ]
        }
        return [
            "metadata": [
                "name": .string("\(service)-abcde"), "generateName": .string("\(service)-"), "namespace": .string(namespace),
                "labels": [
                    "kubernetes.io/service-name": .string(service),
                    "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
                ],
                "ownerReferences": [
                    [
                        "apiVersion": "v1", "kind": "Service", "name": .string(service), "uid": .string(uid),
                        "controller": true, "blockOwnerDeletion": true,
                    ]
                ],
            ],
            "addressType": "IPv4", "endpoints": .array(list),
            "ports": [["name": "http", "protocol": "TCP", "port": 8080]],
        ]
    }

    static func pod(_ namespace: String, _ index: Int, nodes: Int) -> JSON {
        let ip = JSON.string(address(index))
        let conditions = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"].map {
            condition -> JSON in
            ["type": .string(condition), "status": "True", "lastProbeTime": .null, "lastTransitionTime": "2026-01-01T00:00:00Z"]
        }
        return [
            "metadata": [
                "name": .string("pod-\(index)"), "generateName": "pod-", "namespace": .string(namespace),
                "labels": ["app": .string("service-\(index / 10)"), "pod-template-hash": "5d4f8c7b9"],
                "ownerReferences": [
                    [
                        "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": .string("set-\(index / 10)"),
                        "uid": .string("set-uid-\(index / 10)"), "controller": true, "blockOwnerDeletion": true,
                    ]
                ],
            ],
            "spec": [
                "containers": [
                    [
                        "name": "main", "image": "registry.example.test/main:1",
                        "ports": [["name": "http", "containerPort": 8080, "protocol": "TCP"]],
                        "resources": ["requests": ["cpu": "100m", "memory": "128Mi"], "limits": ["memory": "256Mi"]],
                        "volumeMounts": [
                            [
                                "name": "kube-api-access", "readOnly": true,
                                "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
                            ]
                        ],
                    ]
                ],
                "serviceAccountName": "default", "nodeName": .string("node-\(index % nodes)"),
                "tolerations": [
                    ["key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300],
                    ["key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300],
                ],
                "priority": 0, "enableServiceLinks": true, "preemptionPolicy": "PreemptLowerPriority",
            ],
            "status": [
                "phase": "Running", "conditions": .array(conditions), "hostIP": "192.0.2.1", "podIP": ip, "podIPs": [["ip": ip]],
                "startTime": "2026-01-01T00:00:00Z", "qosClass": "Burstable",
                "containerStatuses": [
                    [
                        "name": "main", "state": ["running": ["startedAt": "2026-01-01T00:00:00Z"]], "lastState": [:],
                        "ready": true, "restartCount": 0, "image": "registry.example.test/main:1",
                        "imageID": "registry.example.test/main@sha256:0000000000000000000000000000000000000000000000000000000000000000",
                        "containerID": .string("containerd://\(index)"), "started": true,
                    ]
                ],
            ],
        ]
    }

    /// Of 10.0.0.0/10, which the Services' range is not in.
    private static func address(_ number: Int) -> String {
        "10.\(number / 62500 % 64).\(number / 250 % 250).\(number % 250 + 1)"
    }
}
