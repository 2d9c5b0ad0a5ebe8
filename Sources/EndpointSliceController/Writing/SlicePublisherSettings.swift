package import KubernetesModel

/// How slices are written; the defaults are kube-controller-manager's.
package struct SlicePublisherSettings: Sendable, Hashable {
    /// Services worked on at a time: `--concurrent-service-endpoint-syncs`.
    package var workers = 5
    /// `--max-endpoints-per-slice`, 1...1000.
    package var maxEndpointsPerSlice = 100
    /// A Service waits so long before it is written, so that changes go together: `--endpointslice-updates-batch-period`.
    package var batchPeriod = Duration.zero
    /// After a first failure of a Service's write; doubled with each further one.
    package var firstDelay = Duration.seconds(1)
    /// The longest of these.
    package var longestDelay = Duration.seconds(1000)

    package init() {}

    /// - Parameter count: 1 for the first.
    func delay(afterFailures count: Int) -> Duration {
        // Beyond 2^20 every delay is the longest.
        min(longestDelay, firstDelay * (1 << min(count - 1, 20)))
    }
}

/// What a publisher tells of.
package enum SliceNotice: Sendable, Hashable {
    case created(EndpointSlice)
    case updated(EndpointSlice)
    case deleted(EndpointSlice)
    /// The API has every slice as it is wanted.
    case settled
    /// The Service's slices could not all be written, and why.
    case failed(Service, String, retryAfter: Duration)
}
