import KubernetesModel
import NetworkTypes
import ObjectStore
import RandomTesting

/// Random events over a small cluster, so that they meet each other often.
enum RandomCluster {
    static func event(_ snapshot: ClusterSnapshot, _ random: inout SplitMix64) -> StoreEvent {
        let namespace = pick(["one", "two"], &random)
        switch Int.random(in: 0..<20, using: &random) {
        case 0..<9: return .set(pod(namespace, &random))
        case 9..<11: return .delete(reference(.pod, namespace, "p\(Int.random(in: 0..<12, using: &random))"))
        case 11..<15: return .set(service(namespace, &random))
        case 15: return .delete(reference(.service, namespace, pick(["a", "b", "c"], &random)))
        case 16, 17: return .set(node(pick(["n1", "n2"], &random), zone: pick(["east", "west", nil], &random)))
        case 18: return .delete(reference(.node, "", pick(["n1", "n2"], &random)))
        default: return tampering(snapshot, &random)
        }
    }

    private static func pod(_ namespace: String, _ random: inout SplitMix64) -> KubernetesObject {
        let number = Int.random(in: 0..<12, using: &random)
        let host = UInt32(number) + (Int.random(in: 0..<8, using: &random) == 0 ? 100 : 0)
        var addresses = [IPAddress(v4: 0x0A00_0000 + host)]
        switch Int.random(in: 0..<5, using: &random) {
        case 0: addresses = []
        case 1...2: addresses.append(IPAddress(bits: UInt128(0xFD00) << 112 | UInt128(host), family: .ipv6))
        default: break
        }
        var labels = ["app": pick(["x", "y"], &random)]
        if Bool.random(using: &random) { labels["tier"] = pick(["front", "back"], &random) }
        // Comes and goes with a label, a family and the address of the pod.
        let weight = [nil, "0", "3", "1", nil, "70000", "2"][(labels.count * 3 + addresses.count * 2 + Int(host)) % 7]
        return .pod(
            Pod(
                metadata: ObjectMeta(
                    name: "p\(number)", namespace: namespace, labels: labels,
                    annotations: weight.map { [AnnotationKey.weight: $0] } ?? [:],
                    deletionTimestamp: Int.random(in: 0..<6, using: &random) == 0 ? Timestamp(seconds: 1) : nil),
                nodeName: pick(["n1", "n2", ""], &random),
                containerPorts: pick(
                    [
                        [ContainerPort(name: "http", containerPort: 8080)],
                        [ContainerPort(name: "http", containerPort: 8081)], [],
                    ], &random),
                phase: pick([.running, .running, .running, .failed], &random), podIPs: addresses,
                isReady: Bool.random(using: &random)))
    }

    private static func service(_ namespace: String, _ random: inout SplitMix64) -> KubernetesObject {
        let selector: [String: String] = pick(
            [["app": "x"], ["app": "y"], ["app": "x", "tier": "front"], ["tier": "back"], [:]], &random)
        let families: [IPFamily] = pick([[.ipv4], [.ipv6], [.ipv4, .ipv6]], &random)
        let target: TargetPort = pick([.number(9000), .name("http")], &random)
        return .service(
            Service(
                metadata: ObjectMeta(name: pick(["a", "b", "c"], &random), namespace: namespace),
                spec: ServiceSpec(
                    ipFamilies: families, ports: [ServicePortSpec(port: 80, targetPort: target)], selector: selector,
                    publishNotReadyAddresses: Int.random(in: 0..<4, using: &random) == 0,
                    trafficDistribution: pick([nil, "PreferClose", "PreferSameNode"], &random))))
    }

    /// Someone else edits or deletes a slice.
    private static func tampering(_ snapshot: ClusterSnapshot, _ random: inout SplitMix64) -> StoreEvent {
        let slices = snapshot.endpointSlices.values.sorted { $0.metadata.key < $1.metadata.key }
        guard var slice = slices.randomElement(using: &random) else { return .synced(.endpointSlice) }
        if Bool.random(using: &random) { return .delete(KubernetesObject.endpointSlice(slice).reference) }
        slice.endpoints = slice.endpoints.dropLast() + [podEndpoint("nobody", "10.66.6.6")]
        return .set(.endpointSlice(slice))
    }

    private static func reference(_ kind: ObjectKind, _ namespace: String, _ name: String) -> ObjectReference {
        ObjectReference(kind: kind, key: ObjectKey(namespace: namespace, name: name))
    }

    private static func pick<Value>(_ values: [Value], _ random: inout SplitMix64) -> Value {
        values[Int.random(in: 0..<values.count, using: &random)]
    }
}
