extension MetricCatalog {
    /// Of a daemon that follows a cluster's API. Part of the catalogue where it does.
    package static let kubernetes: [MetricDescription] = [
        MetricDescription(
            "fairway_api_lists_total", .counter, labels: ["kind"],
            help: "Lists begun, of each kind: the first, and those after a version had expired."),
        MetricDescription("fairway_api_watches_total", .counter, labels: ["kind"], help: "Watches that the server accepted."),
        MetricDescription("fairway_api_events_total", .counter, labels: ["kind"], help: "Events of watches and lists taken in."),
        MetricDescription(
            "fairway_api_failures_total", .counter, labels: ["kind"],
            help: "Requests and watches that failed: refused, broken or silent."),
        MetricDescription(
            "fairway_api_unreadable_objects_total", .counter, labels: ["kind"],
            help: "Objects that could not be read; what was known of them stays."),
    ]

    /// Of `fairway controller`, the first under kube-controller-manager's name.
    package static let controller: [MetricDescription] = [
        MetricDescription(
            "endpoint_slice_controller_changes", .counter, labels: ["operation"],
            help: "EndpointSlices created, updated and deleted."),
        MetricDescription(
            "fairway_controller_failures_total", .counter,
            help: "Services whose slices could not be written, tries counted each."),
        MetricDescription("leader_election_master_status", .gauge, labels: ["name"], help: "1 while this replica is the leader."),
    ]
}
