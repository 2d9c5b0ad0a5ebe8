package import KubernetesModel

/// `events.k8s.io/v1` Event: what was done to an object, told to whoever looks at it.
package struct APIEvent: Sendable, Hashable {
    /// `type`.
    package enum Severity: String, Sendable, Hashable, Codable {
        case normal = "Normal"
        case warning = "Warning"
    }

    /// `core/v1` ObjectReference: what an event is about.
    package struct Regarding: Sendable, Hashable, Codable {
        package var apiVersion: String?
        package var kind: String?
        package var namespace: String?
        package var name: String?
        package var uid: String?
        package var resourceVersion: String?

        package init(
            apiVersion: String? = nil, kind: String? = nil, namespace: String? = nil, name: String? = nil,
            uid: String? = nil, resourceVersion: String? = nil
        ) {
            self.apiVersion = apiVersion
            self.kind = kind
            self.namespace = namespace
            self.name = name
            self.uid = uid
            self.resourceVersion = resourceVersion
        }
    }

    /// The same again, counted.
    package struct Series: Sendable, Hashable {
        /// Two or more.
        package var count: Int32
        package var lastObservedTime: Timestamp

        package init(count: Int32, lastObservedTime: Timestamp) {
            self.count = count
            self.lastObservedTime = lastObservedTime
        }
    }

    /// The namespace is that of the object, or `default` for one that has none.
    package var metadata: ObjectMeta
    package var eventTime: Timestamp
    package var series: Series?
    /// `kubernetes.io/kube-proxy`: at most 128 characters, as the next.
    package var reportingController: String
    package var reportingInstance: String
    /// What was done or tried: at most 128 characters, as the reason.
    package var action: String
    package var reason: String
    package var regarding: Regarding
    /// At most 1024 bytes.
    package var note: String
    package var type: Severity

    package init(
        metadata: ObjectMeta, eventTime: Timestamp, series: Series? = nil, reportingController: String,
        reportingInstance: String, action: String, reason: String, regarding: Regarding, note: String,
        type: Severity = .normal
    ) {
        self.metadata = metadata
        self.eventTime = eventTime
        self.series = series
        self.reportingController = reportingController
        self.reportingInstance = reportingInstance
        self.action = action
        self.reason = reason
        self.regarding = regarding
        self.note = note
        self.type = type
    }
}
