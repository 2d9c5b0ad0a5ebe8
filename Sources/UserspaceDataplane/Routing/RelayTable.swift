internal import Dataplane
package import NetworkTypes
package import Relay
package import ServiceTable
internal import Synchronization

/// The relay's directory, made of a service table.
///
/// Steps come from one thread; workers ask meanwhile, and wait at most as long as a step's frontends are written. What a
/// step changes is ready before a frontend leads to it, and what no frontend leads to any more goes afterwards.
package final class RelayTable: RelayDirectory {
    private let answers = Mutex(RelayAnswers())
    private let planner: Mutex<RelayTablePlanner>
    private let whenGone = Mutex<@Sendable () -> Void>({})

    /// - Parameters:
    ///   - configuration: says when a backend rests.
    ///   - drainSeconds: how long connections of a backend that has gone may go on; nil: until they end.
    ///   - answersReturn: what backends send to a client's address comes to the relay where it is its own; else no service
    ///     keeps that address.
    package init(
        _ configuration: RelayConfiguration = RelayConfiguration(), drainSeconds: Int? = nil, answersReturn: Bool = true,
        clock: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        planner = Mutex(
            RelayTablePlanner(
                rest: configuration.rest, drainSeconds: drainSeconds, answersReturn: answersReturn, clock: clock))
    }

    /// Calls this after each step by which backends with connections have gone: the engine's `backendsChanged`.
    package func notify(_ whenGone: @escaping @Sendable () -> Void) { self.whenGone.withLock { $0 = whenGone } }

    package func answer(_ request: RelayRequest) -> RelayAnswer { answers.withLock { $0.answer(request) } }

    /// Makes the answers those of `table` in this family, whatever they were. O(table).
    package func synchronize(_ table: ServiceTable, family: IPFamily) -> RelayTableReport {
        commit(table, family) { planner in
            let known = planner.keys(of: family)
            return known.filter { table[$0] == nil } + table.values.map(\.key).filter { $0.family == family }
        }
    }

    /// Takes one step. O(changed).
    package func apply(_ change: ServiceTableChange, family: IPFamily) -> RelayTableReport {
        commit(change.new, family) { _ in change.changed.filter { $0.family == family } }
    }

    /// All addresses that are the node's own, whatever they serve: connections from them are the node's.
    package func setNodeAddresses(_ addresses: Set<IPAddress>) { answers.withLock { $0.nodeAddresses = addresses } }

    /// Every service that is known, and those that are gone and still have connections, sorted. O(table).
    package var records: [(key: ServicePortKey, record: RelayServiceRecord)] {
        let services = planner.withLock { $0.services() }
        return services.sorted { $0.key < $1.key }.map { ($0.key, $0.value.record) }
    }

    private func commit(
        _ table: ServiceTable, _ family: IPFamily, keys: (RelayTablePlanner) -> [ServicePortKey]
    ) -> RelayTableReport {
        let report = planner.withLock { planner in
            let plan = planner.plan(keys(planner), to: table)
            write(plan, RelayAnswers.Node(table.node, family), family)
            return planner.finish(plan)
        }
        if report.backendsGone > 0 { whenGone.withLock { $0 }() }
        return report
    }

    private func write(_ plan: RelayTablePlanner.Plan, _ node: RelayAnswers.Node, _ family: IPFamily) {
        answers.withLock { answers in
            // A frontend that one service port gives up may be another's now.
            for (key, service) in plan.givenUp where answers.frontends[key]?.service === service {
                answers.frontends[key] = nil
            }
            for (key, entry) in plan.frontends { answers.frontends[key] = entry }
            switch family {
            case .ipv4: answers.v4 = node
            case .ipv6: answers.v6 = node
            }
        }
    }
}

/// What one step cost and did.
package struct RelayTableReport: Sendable, Hashable {
    /// Services that were given new backends or options, or ended.
    package var services: Int
    package var frontendsWritten: Int
    package var frontendsRemoved: Int
    /// Backends with connections that nobody knows any more.
    package var backendsGone: Int

    package init(services: Int = 0, frontendsWritten: Int = 0, frontendsRemoved: Int = 0, backendsGone: Int = 0) {
        self.services = services
        self.frontendsWritten = frontendsWritten
        self.frontendsRemoved = frontendsRemoved
        self.backendsGone = backendsGone
    }
}
