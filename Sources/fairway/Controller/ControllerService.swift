internal import CoreMetrics
internal import EndpointSliceController
internal import KubernetesClient
internal import KubernetesConnection
internal import KubernetesModel
internal import Logging
internal import ServiceLifecycle

/// Works while this replica is the leader, or always where no election is asked for.
struct ControllerService: ServiceLifecycle.Service {
    let configuration: ControllerDaemon.Configuration
    let client: APIClient
    let events: ClusterEvents
    let logger: Logger

    func run() async throws {
        let notices = APINoticeLog(logger: logger)
        let work = ControllerWork(
            client: client, reflectors: configuration.source.reflectors, settings: configuration.publisher, logger: logger,
            notices: notices, failed: { [events] in events.failedToUpdateSlices($0, $1) })
        try? await cancelWhenGracefulShutdown {
            if let election = configuration.election {
                try await makeElection(election, work, notices).run()
            } else {
                try await work.run()
            }
        }
        try? await client.shutdown()
    }

    private func makeElection(
        _ settings: LeaderElectionOptions.Settings, _ work: ControllerWork, _ notices: APINoticeLog
    ) -> LeaderElection<APIClient> {
        let (logger, identity, lease) = (logger, configuration.identity, settings.lease)
        return LeaderElection(
            lease: lease, identity: identity, writer: client,
            settings: LeaderElectionSettings(
                leaseDuration: settings.leaseDuration, renewDeadline: settings.renewDeadline,
                retryPeriod: settings.retryPeriod),
            wallClock: { .now },
            onStartedLeading: { try? await work.run() },
            onNewLeader: { logger.info($0 == identity ? "this replica leads" : "\($0) leads", metadata: ["lease": "\(lease)"]) },
            notice: { notice in
                switch notice {
                case .started: Self.setLeading(true, lease)
                case .stopped: Self.setLeading(false, lease)
                default: break
                }
                notices.tell(notice, lease: lease)
            })
    }

    private static func setLeading(_ isLeading: Bool, _ lease: ObjectKey) {
        Gauge(label: "leader_election_master_status", dimensions: [("name", lease.name)]).record(isLeading ? 1 : 0)
    }
}
