internal import Dataplane
internal import NetworkTypes
internal import Relay
internal import ServiceTable

/// The services of a table, and how a step changes them.
struct RelayTablePlanner {
    /// What is written between what must be there before and what must go after.
    struct Plan {
        var frontends: [(FrontendKey, RelayAnswers.Entry)] = []
        var givenUp: [(FrontendKey, RelayService)] = []
        var afterwards: [(RelayService, RelayService.Content)] = []
        /// Ended by this step.
        var ended: [(ServicePortKey, RelayService)] = []
        var report = RelayTableReport()
    }

    private struct Known {
        let service: RelayService
        var port: ServicePort
        var content: RelayService.Content
    }

    /// Services that are gone are looked through when they are more than this, and than twice those left the last time.
    private static let fewRetired = 16

    private let rest: RelayRest?
    private let drainSeconds: Int?
    private let answersReturn: Bool
    private let clock: @Sendable () -> ContinuousClock.Instant
    private var known: [ServicePortKey: Known] = [:]
    private var memories: [AffinityOwner: (memory: ClientMemory, uses: Int)] = [:]
    /// Gone, and had connections when last looked at.
    private var retired: [ServicePortKey: RelayService] = [:]
    private var retiredLimit = RelayTablePlanner.fewRetired

    init(
        rest: RelayRest?, drainSeconds: Int?, answersReturn: Bool, clock: @escaping @Sendable () -> ContinuousClock.Instant
    ) {
        self.rest = rest
        self.drainSeconds = drainSeconds
        self.answersReturn = answersReturn
        self.clock = clock
    }

    func keys(of family: IPFamily) -> [ServicePortKey] { known.keys.filter { $0.family == family } }

    /// Prepares the services for what `table` says of these keys.
    mutating func plan(_ keys: [ServicePortKey], to table: ServiceTable) -> Plan {
        var plan = Plan()
        for key in keys {
            // Nothing leads to one without frontends; nothing here carries SCTP.
            let isServed = key.id.protocol != .sctp
            if let port = table[key], isServed, !port.frontends.isEmpty {
                if known[key]?.port != port { update(key, to: port, &plan) }
            } else if let old = known.removeValue(forKey: key) {
                plan.givenUp += old.port.frontends.map { ($0.key(in: key), old.service) }
                plan.afterwards.append((old.service, RelayService.Content(drainSeconds: drainSeconds)))
                plan.ended.append((key, old.service))
                if let owner = AffinityOwner(old.port) { release(owner) }
            }
        }
        plan.report.frontendsWritten = plan.frontends.count
        plan.report.frontendsRemoved = plan.givenUp.count
        return plan
    }

    private mutating func update(_ key: ServicePortKey, to port: ServicePort, _ plan: inout Plan) {
        let old = known[key]
        let service =
            old?.service ?? retired.removeValue(forKey: key)
            ?? RelayService(name: key.id.description, rest: rest, clock: clock)
        // First what comes, so that a memory that stays is never without a user.
        let memory = AffinityOwner(port).map { acquire($0) }
        if let owner = AffinityOwner(old?.port) { release(owner) }
        let content = RelayService.Content(
            port, memory: memory, drainSeconds: drainSeconds, answersReturn: answersReturn)
        plan.report.services += 1
        if let old, content.empties(old.content) {
            plan.report.backendsGone += service.update(content.keeping(old.content))
            plan.afterwards.append((service, content))
        } else {
            plan.report.backendsGone += service.update(content)
        }
        known[key] = Known(service: service, port: port, content: content)
        updateFrontends(of: key, old?.port, port, service, &plan)
    }

    private func updateFrontends(
        of key: ServicePortKey, _ old: ServicePort?, _ new: ServicePort, _ service: RelayService, _ plan: inout Plan
    ) {
        let rejection = Self.rejection(new)
        let isSame = old.map { $0.frontends == new.frontends && Self.rejection($0) == rejection } ?? false
        if isSame { return }
        var kept: Set<FrontendKey> = []
        for frontend in new.frontends {
            let entry = RelayAnswers.Entry(
                service: service, allowedSources: frontend.allowedSources, verdicts: frontend.verdicts,
                rejection: rejection)
            let frontendKey = frontend.key(in: key)
            kept.insert(frontendKey)
            plan.frontends.append((frontendKey, entry))
        }
        for frontend in old?.frontends ?? [] where !kept.contains(frontend.key(in: key)) {
            plan.givenUp.append((frontend.key(in: key), service))
        }
    }

    /// A Service without backends rejects for want of them; one that has some, because it was told to.
    private static func rejection(_ port: ServicePort) -> RelayRefusal {
        port.clusterBackends.isEmpty && port.localBackends.isEmpty ? .noBackend : .policy
    }

    /// Once frontends are written: takes away what they led to.
    mutating func finish(_ plan: Plan) -> RelayTableReport {
        var report = plan.report
        for (service, content) in plan.afterwards { report.backendsGone += service.update(content) }
        report.services += plan.ended.count
        for (key, service) in plan.ended where !service.isIdle { retired[key] = service }
        if retired.count > retiredLimit { forgetRetired() }
        return report
    }

    /// Every service by its key.
    mutating func services() -> [ServicePortKey: RelayService] {
        forgetRetired()
        return retired.merging(known.mapValues(\.service)) { _, known in known }
    }

    private mutating func forgetRetired() {
        retired = retired.filter { !$0.value.isIdle }
        retiredLimit = max(Self.fewRetired, 2 * retired.count)
    }

    // MARK: Affinity

    private mutating func acquire(_ owner: AffinityOwner) -> ClientMemory {
        let entry = memories[owner] ?? (ClientMemory(), 0)
        memories[owner] = (entry.memory, entry.uses + 1)
        return entry.memory
    }

    private mutating func release(_ owner: AffinityOwner) {
        guard let entry = memories[owner] else { return }
        memories[owner] = entry.uses > 1 ? (entry.memory, entry.uses - 1) : nil
    }
}
