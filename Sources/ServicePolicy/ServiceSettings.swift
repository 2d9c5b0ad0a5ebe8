internal import KubernetesModel
internal import ServiceTable

/// What holds for every port of a Service: session affinity and, by annotation, what Fairway offers
/// beyond kube-proxy. A value that is not known counts as absent.
struct ServiceSettings {
    let affinity: Affinity?
    let scheduler: Scheduler
    /// For an origin whose traffic policy is Local, when no endpoint is here but some are elsewhere.
    let withoutLocalEndpoint: Verdict
    let relay: RelayPreferences

    init(_ service: Service, defaultScheduler: Scheduler) {
        switch service.spec.sessionAffinity {
        case .none: affinity = nil
        case .clientIP:
            affinity = Affinity(
                scope: service.affinityIsForWholeService ? .service : .servicePort,
                timeoutSeconds: service.spec.sessionAffinityTimeoutSeconds)
        }
        scheduler = service.schedulerName.flatMap(Scheduler.init(rawValue:)) ?? defaultScheduler
        withoutLocalEndpoint = service.refusesWithoutLocalEndpoints ? .reject : .drop
        relay = RelayPreferences(
            proxyProtocol: service.proxyProtocolVersion.flatMap(RelayPreferences.ProxyProtocol.init(rawValue:)),
            keepsClientAddress: service.keepsClientAddress)
    }
}
