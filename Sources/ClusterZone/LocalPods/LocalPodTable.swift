internal import KubernetesModel
internal import NetworkTypes
public import ObjectStore

/// Follows the pods of one node, a step at a time.
///
/// A pod counts while it is pending or running and is not being deleted: an address is free for another pod as soon as its
/// own has ended, and a wrong namespace would lead to wrong answers, where none costs a few queries more. For the same
/// reason two pods with one address count only where they are of one namespace, and pods with the node's address
/// (`hostNetwork`) never do.
public struct LocalPodTable: Sendable {
    public let nodeName: String
    public private(set) var pods = LocalPods()
    /// Some 100 to 250: a node has no more.
    private var addresses: [ObjectKey: Set<IPAddress>] = [:]
    private var isFirst = true

    /// - Parameter nodeName: as pods' `spec.nodeName` spells it; pods of other nodes do not count.
    public init(nodeName: String) { self.nodeName = nodeName }

    /// Takes in a step; the first looks at all pods, O(pods of the cluster), the others at what is dirty.
    ///
    /// - Returns: `pods` differs from before.
    public mutating func update(snapshot: ClusterSnapshot, dirty: DirtyKeys) -> Bool {
        var changed = false
        if isFirst {
            isFirst = false
            for pod in snapshot.pods.values where set(pod.metadata.key, liveAddresses(pod)) { changed = true }
        } else {
            for reference in dirty.objects where reference.kind == .pod {
                if set(reference.key, snapshot.pods[reference.key].map(liveAddresses) ?? []) { changed = true }
            }
        }
        guard changed else { return false }
        let before = pods
        pods = LocalPods(namespaces: namespaces())
        return pods != before
    }

    private mutating func set(_ key: ObjectKey, _ new: Set<IPAddress>) -> Bool {
        let old = addresses[key] ?? []
        guard old != new else { return false }
        addresses[key] = new.isEmpty ? nil : new
        return true
    }

    private func namespaces() -> [IPAddress: String] {
        var result: [IPAddress: String] = [:]
        var contested: Set<IPAddress> = []
        for (key, addresses) in addresses {
            for address in addresses {
                if let other = result.updateValue(key.namespace, forKey: address), other != key.namespace {
                    contested.insert(address)
                }
            }
        }
        for address in contested { result[address] = nil }
        return result
    }

    private func liveAddresses(_ pod: Pod) -> Set<IPAddress> {
        guard !nodeName.isEmpty, pod.nodeName == nodeName, !pod.hostNetwork, pod.metadata.deletionTimestamp == nil,
            pod.phase == .pending || pod.phase == .running
        else { return [] }
        return Set(pod.podIPs)
    }
}
