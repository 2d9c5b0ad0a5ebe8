import KubernetesModel
import NetworkTypes
import ObjectStore

/// A cluster of ready pods, each selected by one Service, the same in every run.
///
/// One Service has a twentieth of the pods, at most 5 000; the others 1 to about twice the mean.
/// Each pod carries four labels, of which a selector names two; one of these all pods share.
struct SyntheticCluster {
    private static let namespaces = 20
    private static let nodes = 1000
    private static let zones = ["zone-a", "zone-b", "zone-c"]

    let pods: Int
    let services: Int
    let largestServicePods: Int
    /// The Service of each pod.
    private let serviceOfPod: [Int]

    init(pods: Int, services: Int) {
        self.pods = pods
        self.services = services
        largestServicePods = services == 1 ? pods : max(1, min(5000, pods / 20))
        var owners = Array(repeating: 0, count: largestServicePods)
        var sizes = Array(repeating: 1, count: services)
        sizes[0] = 0
        var rest = pods - largestServicePods - (services - 1)
        // Shares 0, 1, ... 18 parts of 9 a Service, then what rounding left, one by one.
        let mean = services > 1 ? rest / (services - 1) : 0
        for service in sizes.indices.dropFirst() {
            let share = min(rest, mean * (service % 19) / 9)
            sizes[service] += share
            rest -= share
        }
        var next = 1
        while rest > 0, services > 1 {
            sizes[next] += 1
            rest -= 1
            next = next + 1 < services ? next + 1 : 1
        }
        for (service, size) in sizes.enumerated() { owners += Array(repeating: service, count: size) }
        serviceOfPod = owners
    }

    /// Nodes, Services and pods. Built anew at each call.
    var objects: [KubernetesObject] {
        (0..<Self.nodes).map(node) + (0..<services).map(service) + (0..<pods).map(pod)
    }

    /// A pod spread over the cluster by `number`, with the labels of another Service's pods of its namespace.
    func relabelled(_ number: Int, _ snapshot: ClusterSnapshot) -> KubernetesObject {
        var pod = current(number, snapshot)
        let service = (spread(number) * 31 + Self.namespaces) % max(services / Self.namespaces, 1)
        let target = service * Self.namespaces + (serviceOfPod[spread(number)] % Self.namespaces)
        pod.metadata.labels["app"] = "app-\(min(target, services - 1))"
        return .pod(pod)
    }

    /// The pod of that number, no longer ready.
    func madeNotReady(_ number: Int, _ snapshot: ClusterSnapshot) -> KubernetesObject {
        var pod = current(number, snapshot)
        pod.isReady = false
        pod.readyTransitionTime = Timestamp(seconds: 1_800_000_000 + Int64(number))
        return .pod(pod)
    }

    /// A stride without a common factor with most counts, so that changes meet all Services.
    private func spread(_ number: Int) -> Int { number * 7919 % pods }

    private func current(_ number: Int, _ snapshot: ClusterSnapshot) -> Pod {
        let index = spread(number)
        guard let pod = snapshot.pods[podKey(index)] else { preconditionFailure("pod \(index) is not in the store") }
        return pod
    }

    private func podKey(_ index: Int) -> ObjectKey {
        let service = serviceOfPod[index]
        return ObjectKey(namespace: "ns-\(service % Self.namespaces)", name: "app-\(service)-\(index)")
    }

    private func node(_ index: Int) -> KubernetesObject {
        .node(
            Node(
                metadata: ObjectMeta(name: "node-\(index)", labels: [LabelKey.zone: Self.zones[index % 3]]),
                isReady: true))
    }

    private func service(_ index: Int) -> KubernetesObject {
        .service(
            Service(
                metadata: ObjectMeta(name: "app-\(index)", namespace: "ns-\(index % Self.namespaces)", uid: "svc-\(index)"),
                spec: ServiceSpec(
                    clusterIPs: [.address(IPAddress(v4: 0x0A60_0000 + UInt32(index)))], ipFamilies: [.ipv4],
                    ports: [ServicePortSpec(name: "http", port: 80, targetPort: .name("http"))],
                    selector: ["app": "app-\(index)", "environment": "production"])))
    }

    private func pod(_ index: Int) -> KubernetesObject {
        let key = podKey(index)
        let service = serviceOfPod[index]
        return .pod(
            Pod(
                metadata: ObjectMeta(
                    name: key.name, namespace: key.namespace, uid: "00000000-0000-4000-8000-\(index)",
                    labels: [
                        "app": "app-\(service)", "environment": "production", "pod-template-hash": "hash\(service)",
                        "team": "team-\(service % 100)",
                    ]),
                nodeName: "node-\(index % Self.nodes)",
                containerPorts: [ContainerPort(name: "http", containerPort: 8080)], phase: .running,
                podIPs: [IPAddress(v4: 0x0A80_0000 + UInt32(index))], isReady: true,
                readyTransitionTime: Timestamp(seconds: 1_700_000_000)))
    }
}
