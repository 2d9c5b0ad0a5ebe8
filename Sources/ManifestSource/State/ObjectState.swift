package import KubernetesModel

/// What names of a cluster are made of, read back at the next start.
package struct ObjectState: Sendable {
    /// Services, EndpointSlices, Namespaces, Nodes and Pods, each as ``ObjectStateLine`` keeps them.
    package var objects: [KubernetesObject] = []
    /// When it was last written, in seconds since 1970.
    package var writtenAt: Int64 = 0
    /// One line each, for an operator.
    package var warnings: [String] = []

    package init() {}
}
