package import KubernetesModel

/// `coordination.k8s.io/v1` Lease, whole: what leader election reads and writes.
package struct Lease: Sendable, Hashable {
    package var metadata: ObjectMeta
    /// Empty: nobody.
    package var holderIdentity: String
    package var leaseDurationSeconds: Int32
    package var acquireTime: Timestamp?
    package var renewTime: Timestamp?
    /// How often the holder changed.
    package var leaseTransitions: Int32

    package init(
        metadata: ObjectMeta, holderIdentity: String = "", leaseDurationSeconds: Int32 = 0,
        acquireTime: Timestamp? = nil, renewTime: Timestamp? = nil, leaseTransitions: Int32 = 0
    ) {
        self.metadata = metadata
        self.holderIdentity = holderIdentity
        self.leaseDurationSeconds = leaseDurationSeconds
        self.acquireTime = acquireTime
        self.renewTime = renewTime
        self.leaseTransitions = leaseTransitions
    }
}
