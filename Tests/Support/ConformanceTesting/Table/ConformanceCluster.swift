package import ObjectStore
package import ServicePolicy
package import ServiceTable

/// A store and the policy behind it, as the daemon joins them, on node-a.
package struct ConformanceCluster {
    private var store = ObjectStore(expecting: [])
    private var policy: ServicePolicy

    package init(_ options: PolicyOptions) { policy = ServicePolicy(options: options) }

    package var table: ServiceTable { policy.table }

    @discardableResult
    package mutating func apply(_ events: [StoreEvent]) -> ServiceTableChange {
        let dirty = store.apply(events)
        return policy.update(snapshot: store.snapshot, dirty: dirty, hostAddresses: World.hostAddresses)
    }
}
