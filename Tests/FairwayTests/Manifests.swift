import NetworkNamespaceTesting
import NetworkTypes

/// The cluster of these tests: the pods of a `ServiceTopology` behind dual-stack Services.
enum Manifests {
    static let clusterIP: [IPFamily: String] = [.ipv4: "10.96.0.80", .ipv6: "fd00:10:96::80"]
    static let emptyIP: [IPFamily: String] = [.ipv4: "10.96.0.99", .ipv6: "fd00:10:96::99"]
    static let sctpIP: [IPFamily: String] = [.ipv4: "10.96.0.132", .ipv6: "fd00:10:96::132"]
    /// Nobody answers here: the Service has no endpoints.
    static let emptyNodePort: UInt16 = 30099
    static let sctpPort: UInt16 = 3868
    static let sctpTargetPort: UInt16 = 38680

    /// Port and NodePort of the Service `web`.
    static func ports(_ transport: Transport) -> (port: UInt16, nodePort: UInt16) {
        transport == .tcp ? (80, 30080) : (5353, 30053)
    }

    static let node = """
        apiVersion: v1
        kind: Node
        metadata:
          name: node-a
        spec:
          podCIDRs: [10.244.0.0/24, "fd00:10:244::/64"]
        status:
          addresses:
            - {type: InternalIP, address: 192.0.2.1}
            - {type: InternalIP, address: "2001:db8:2::1"}

        """

    static func service(
        _ name: String, selector: String, _ addresses: [IPFamily: String], type: String = "NodePort", ports: [String],
        annotations: String = "", spec: [String] = []
    ) -> String {
        let (v4, v6) = (addresses[.ipv4] ?? "", addresses[.ipv6] ?? "")
        return """
            apiVersion: v1
            kind: Service
            metadata: {name: \(name), namespace: shop, annotations: {\(annotations)}}
            spec:
              type: \(type)
            \(spec.map { "  " + $0 }.joined(separator: "\n"))
              selector: {\(selector)}
              ipFamilyPolicy: RequireDualStack
              ipFamilies: [IPv4, IPv6]
              clusterIP: \(v4)
              clusterIPs: [\(v4), "\(v6)"]
              ports:
            \(ports.map { "    - {\($0)}" }.joined(separator: "\n"))
            ---

            """
    }

    static let services =
        service(
            "web", selector: "app: web", clusterIP,
            ports: [
                "name: http, port: 80, targetPort: http, nodePort: 30080",
                "name: echo, protocol: UDP, port: 5353, targetPort: echo, nodePort: 30053",
            ])
        + service(
            "empty", selector: "app: nobody", emptyIP,
            ports: [
                "name: http, port: 80, nodePort: 30099",
                "name: echo, protocol: UDP, port: 5353, nodePort: 30099",
            ])
        + service(
            "signal", selector: "name: pod1", sctpIP, type: "ClusterIP",
            ports: ["protocol: SCTP, port: \(sctpPort), targetPort: \(sctpTargetPort)"])

    /// A ready pod of the topology; pod 2 serves HTTP on another number than its siblings.
    static func pod(
        _ pod: ServiceTopology.Pod, app: String = "web", isReady: Bool = true, isTerminating: Bool = false,
        annotations: String = ""
    ) -> String {
        """
        apiVersion: v1
        kind: Pod
        metadata:
          name: \(pod.name)
          namespace: shop
          labels: {app: \(app), name: \(pod.name)}
          annotations: {\(annotations)}
          deletionTimestamp: \(isTerminating ? "2026-01-02T03:04:05Z" : "null")
        spec:
          nodeName: node-a
          containers:
            - name: echo
              image: fairway-echo
              ports:
                - {name: http, containerPort: \(httpPort(pod))}
                - {name: echo, containerPort: 9090, protocol: UDP}
        status:
          phase: Running
          podIP: \(pod.ipv4)
          podIPs: [{ip: \(pod.ipv4)}, {ip: "\(pod.ipv6)"}]
          conditions:
            - {type: Ready, status: "\(isReady ? "True" : "False")"}

        """
    }

    static func httpPort(_ pod: ServiceTopology.Pod) -> UInt16 { pod.name == "pod2" ? 8081 : 8080 }
}

enum Transport: String, CaseIterable, Sendable {
    case tcp, udp
}
