internal import FoundationEssentials
internal import Glibc
internal import KubernetesModel
internal import NetworkTypes
internal import ObjectStore
internal import Observability
internal import ServicePolicy
internal import ServiceTable

/// What the admin socket answers: `/v1/RESOURCE[?namespace=NS]`, JSON.
struct AdminAPI: Sendable {
    let configuration: Daemon.Configuration
    let engine: Engine
    let health: HealthState
    let manifests: ManifestReport
    /// Nil: no DNS here.
    let dns: DNSAdmin?
    /// Nil: another mode.
    let virtualServers: VirtualServerQueries?
    /// Nil: another mode.
    var userspace: UserspaceQueries?

    func answer(_ request: AdminRequest) -> AdminResponse {
        if let answer = dns?.answer(request) { return answer }
        let queries = AdminQueries(view: engine.view, namespace: request.query["namespace"])
        do {
            switch request.path {
            case "/v1/services": return try json(RowList(items: queries.serviceRows()))
            case "/v1/endpoints": return try json(RowList(items: queries.endpointRows()))
            case "/v1/frontends": return try json(RowList(items: queries.frontendRows(listening: userspace?.listening ?? { _ in nil })))
            case "/v1/backends": return try json(RowList(items: queries.backendRows()))
            case "/v1/status": return try json(status())
            case "/v1/virtual-servers", "/v1/connections":
                let wantsConnections = request.path == "/v1/connections"
                if let userspace {
                    return wantsConnections
                        ? try json(RowList(items: userspace.connectionRows(engine.view, queries.namespace)))
                        : try json(RowList(items: userspace.serverRows(engine.view, queries.namespace)))
                }
                guard let virtualServers else {
                    return AdminResponse(
                        status: 404, contentType: "text/plain",
                        text: "\(request.path.dropFirst(4)) are kept by the modes ebpf and userspace only; this is \(configuration.mode.name)\n")
                }
                return wantsConnections
                    ? try json(RowList(items: virtualServers.connectionRows(view: engine.view, queries.namespace)))
                    : try json(RowList(items: virtualServers.serverRows(queries.namespace)))
            default:
                return AdminResponse(
                    status: 404, contentType: "text/plain",
                    text: DNSAdmin.paths.contains(request.path)
                        ? "no DNS here; give fairway run --dns-bind-address ADDR:PORT\n"
                        : "no \(request.path); there are /v1/services, endpoints, frontends, backends, virtual-servers, connections, status, zone and dns\n")
            }
        } catch {
            return AdminResponse(status: 500, contentType: "text/plain", text: "\(error)\n")
        }
    }

    private func json(_ document: some Encodable) throws -> AdminResponse {
        AdminResponse(body: try AdminJSON.bytes(document))
    }

    private func status() -> StatusDocument {
        let view = engine.view
        let report = health.report()
        let reasons = health.reasonsNotReady()
        let contents = manifests.contents
        let families = IPFamily.allCases.map { family in
            let mine = reasons.filter { $0.hasPrefix("\(family):") }
            return StatusDocument.Family(
                family: family.description, ready: mine.isEmpty,
                lastSync: report.status[family].map { HealthReport.rfc3339($0.lastUpdated) },
                lastError: mine.isEmpty ? nil : mine.joined(separator: "; "))
        }
        return StatusDocument(
            version: Version.number, node: configuration.policy.nodeName, proxyMode: configuration.mode.name,
            processID: getpid(), synced: view.isSynced, waitingFor: view.missingKinds.map(\.rawValue), ready: reasons.isEmpty, families: families,
            services: view.snapshot.services.count, servicePorts: view.table.count,
            endpointSlices: view.snapshot.endpointSlices.count, pods: view.snapshot.pods.count,
            nodePortAddresses: view.table.node.nodePortAddresses.map(\.description),
            localDetection: view.table.node.localDetector.text,
            manifestFaults: contents.faults.map { "\($0)" }, skippedKinds: contents.skippedKinds,
            conflicts: view.conflicts.map {
                StatusDocument.Conflict(
                    servicePort: "\($0.key.servicePort)", frontend: "\($0.key.frontend)", heldBy: "\($0.value)")
            }.sorted { ($0.frontend, $0.servicePort) < ($1.frontend, $1.servicePort) },
            withoutHints: view.hintRefusals.flatMap { service, refusals in
                refusals.map {
                    StatusDocument.WithoutHints(service: "\(service)", family: "\($0.key)", reason: "\($0.value)")
                }
            }.sorted { ($0.service, $0.family) < ($1.service, $1.family) })
    }
}
