import KubernetesTesting
import NetworkNamespaceTesting
import NetworkTypes

/// What a cluster's components would have written, for a `ClusterNode`.
enum ClusterObjects {
    static let node: JSON = [
        "metadata": ["name": "node-a"],
        "spec": ["podCIDRs": ["10.244.0.0/24", "fd00:10:244::/64"]],
        "status": [
            "addresses": [
                ["type": "InternalIP", "address": "192.0.2.1"], ["type": "InternalIP", "address": "2001:db8:2::1"],
            ]
        ],
    ]

    /// At 10.96.0.`last`, port 80.
    static func service(_ name: String, _ last: Int, nodePort: Int64) -> JSON {
        let address = JSON.string("10.96.0.\(last)")
        return [
            "metadata": ["name": .string(name), "namespace": "shop"],
            "spec": [
                "type": "NodePort", "clusterIP": address, "clusterIPs": [address],
                "ports": [["name": "http", "protocol": "TCP", "port": 80, "targetPort": 8080, "nodePort": .integer(nodePort)]],
            ],
        ]
    }

    /// With these pods, all of one port.
    static func slice(_ service: String, _ pods: ServiceTopology.Pod...) -> JSON {
        let port = pods.first.map { Int64(Manifests.httpPort($0)) } ?? 8080
        let endpoints = pods.map { pod -> JSON in
            ["addresses": [.string("\(pod.ipv4)")], "nodeName": "node-a", "conditions": ["ready": true]]
        }
        return [
            "metadata": [
                "name": .string("\(service)-1"), "namespace": "shop", "labels": ["kubernetes.io/service-name": .string(service)],
            ],
            "addressType": "IPv4", "ports": [["name": "http", "protocol": "TCP", "port": .integer(port)]],
            "endpoints": .array(endpoints),
        ]
    }

    /// The same as a manifest.
    static func sliceManifest(_ service: String, _ name: String, _ pods: ServiceTopology.Pod...) -> String {
        let endpoints = pods.map { "  - {addresses: [\($0.ipv4)], nodeName: node-a, conditions: {ready: true}}" }
        return """
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata: {name: \(name), namespace: shop, labels: {kubernetes.io/service-name: \(service)}}
            addressType: IPv4
            ports: [{name: http, port: \(pods.first.map(Manifests.httpPort) ?? 8080)}]
            endpoints:
            \(endpoints.joined(separator: "\n"))
            """
    }
}
