package import Dataplane
internal import Dispatch
internal import LinuxSystem
internal import NetworkNamespaceTesting
internal import NetworkTypes
internal import ServicePolicy
internal import ServiceTable
internal import Synchronization

/// Runs conformance cases with real packets against a dataplane that works in node-a's namespace.
///
/// One topology, one dataplane and one thread for all cases: each case's table replaces that of the one
/// before, as a daemon's would.
package final class PacketRunner: Sendable {
    @TaskLocal package static var current: PacketRunner?

    private struct Job: Sendable {
        let row: ConformanceCase
        let done: CheckedContinuation<[String], any Error>
    }

    private let topology: ConformanceTopology
    private let sockets: SocketLevel?
    private let exceptions: Set<ConformanceException>
    private let bound: BoundFrontends?
    private let arrivals = ArrivalCount()
    private let jobs = Mutex<(waiting: [Job], isClosed: Bool)>((waiting: [], isClosed: false))
    /// Kinds of refusals that clients were seen to hear of.
    private let refusals = Mutex<Set<String>>([])
    private let wake = DispatchSemaphore(value: 0)

    private init(
        _ topology: ConformanceTopology, _ sockets: SocketLevel?, _ exceptions: Set<ConformanceException>,
        _ bound: BoundFrontends?
    ) {
        self.exceptions = exceptions
        self.bound = bound
        self.topology = topology
        self.sockets = sockets
    }

    /// Builds namespaces, servers and the dataplane, runs `body`, and removes them all.
    ///
    /// - Parameters:
    ///   - make: makes the dataplane; called on the thread that will use it, inside node-a.
    ///   - forget: has the dataplane forget the connections it has translated.
    ///   - sockets: how processes of node-a and its pods come to be among those whose sockets the dataplane balances;
    ///     nil when it sees packets only.
    ///   - exceptions: where the dataplane may do otherwise than the contract says.
    ///   - bound: the dataplane binds frontends: flows are asked where it says, as far as `UnprivilegedRow` has them.
    package static func with<Plane: Dataplane & SendableMetatype & ~Copyable>(
        _ make: @escaping @Sendable () throws -> Plane,
        forget: @escaping @Sendable (inout Plane) throws -> Void = { _ in }, sockets: SocketLevel? = nil,
        excepting exceptions: Set<ConformanceException> = [], bound: BoundFrontends? = nil,
        _ body: (PacketRunner) async throws -> Void
    ) async throws {
        let topology = try await DedicatedThread.run(named: "topology") { try ConformanceTopology() }
        defer { topology.close() }
        let runner = PacketRunner(topology, sockets, exceptions, bound)
        var servers: [AnswerServer] = []
        func start(_ name: String, _ ports: [PortNumber], _ namespace: TestNamespace) async throws {
            servers.append(
                try await AnswerServer.start(name, ports: ports, in: namespace, arrivals: runner.arrivals))
        }
        var outcome: Result<Void, any Error> = .success(())
        do {
            for (name, namespace) in topology.pods { try await start(name, World.podPorts, namespace) }
            try await start("outside", World.outsidePorts, topology.outside)
            // What is bound there is the relay's.
            try await start("node", bound == nil ? World.nodePorts : [], topology.node)
            let thread = Task {
                try await topology.node.inside { try runner.work(try make(), forget) }
            }
            do { try await body(runner) } catch { outcome = .failure(error) }
            runner.close()
            try await thread.value
        } catch {
            outcome = .failure(error)
        }
        for server in servers { await server.close() }
        try outcome.get()
    }

    /// Runs one case; what is wrong, a line each.
    package func violations(_ row: ConformanceCase) async throws -> [String] {
        try await withCheckedThrowingContinuation { done in
            let isClosed = jobs.withLock { jobs in
                if !jobs.isClosed { jobs.waiting.append(Job(row: row, done: done)) }
                return jobs.isClosed
            }
            if isClosed { done.resume(throwing: TestSupportError("the dataplane's thread has ended")) }
            wake.signal()
        }
    }

    private func close() {
        jobs.withLock { $0.isClosed = true }
        wake.signal()
    }

    /// Takes cases until closed; those left over when it cannot go on get the reason.
    private func work<Plane: Dataplane & SendableMetatype & ~Copyable>(
        _ dataplane: consuming Plane, _ forget: (inout Plane) throws -> Void
    ) throws {
        var dataplane = dataplane
        while true {
            let (job, isClosed) = jobs.withLock { jobs in
                (jobs.waiting.isEmpty ? nil : jobs.waiting.removeFirst(), jobs.isClosed)
            }
            guard let job else {
                if isClosed { break }
                wake.wait()
                continue
            }
            do {
                let violations = try run(job.row, &dataplane, forget)
                try outsideNamespaces { job.done.resume(returning: violations) }
            } catch {
                try outsideNamespaces { job.done.resume(throwing: error) }
            }
        }
        _ = try dataplane.cleanup()
    }

    /// The first refusal of a family, from the node and from elsewhere, is awaited as any client would.
    private func isFirstRefusal(_ flow: ConformanceFlow) -> Bool {
        guard flow.expected == .rejected, flow.transport == .tcp else { return false }
        return refusals.withLock { $0.insert("\(flow.family) \(flow.from == .node)").inserted }
    }

    private func run<Plane: Dataplane & SendableMetatype & ~Copyable>(
        _ row: ConformanceCase, _ dataplane: inout Plane, _ forget: (inout Plane) throws -> Void
    ) throws -> [String] {
        var cluster = ConformanceCluster(row.options)
        var violations: [String] = []
        var memories = StickyMemories()
        for (index, step) in row.steps.enumerated() {
            let change = cluster.apply(step.events)
            for family in IPFamily.allCases {
                _ = index == 0
                    ? try dataplane.synchronize(cluster.table, family: family)
                    : try dataplane.apply(change, family: family)
            }
            // A source port that comes again must not meet the connection that had it before.
            try attempting("flush conntrack") { () throws(Errno) in try flushConntrack() }
            try forget(&dataplane)
            for flow in step.flows {
                let lines = try lines(flow, row.options, cluster.table, &memories)
                violations += lines.map { "\(step.name): \($0)" }
                // Silence costs seconds: what follows in a broken case says little more.
                if violations.count >= 4 { return violations }
            }
            violations += memories.violations(independent: step.independent).map { "\(step.name): \($0)" }
        }
        return violations
    }

    /// What is wrong with one flow.
    private func lines(
        _ flow: ConformanceFlow, _ options: PolicyOptions, _ table: ServiceTable, _ memories: inout StickyMemories
    ) throws -> [String] {
        guard let bound else { return try lines(flow, at: nil, &memories) }
        guard let row = UnprivilegedRow.rows(for: flow, options, in: table).first else { return ["\(flow): has no row"] }
        switch bound.question(flow, row) {
        case .none: return []
        case .wrong(let line): return [line]
        case .ask(let flow, let place): return try lines(flow, at: place, &memories)
        }
    }

    private func lines(
        _ flow: ConformanceFlow, at place: SocketAddress?, _ memories: inout StickyMemories
    ) throws -> [String] {
        let probed = try topology.probe(
            flow, arrivals: arrivals, isPatient: place == nil && isFirstRefusal(flow), sockets: sockets, at: place)
        let isExcepted = sockets?.senders(flow.from) ?? false
        let exceptions = exceptions.union(isExcepted ? [.sourceOfBalancedSockets] : [])
        var lines = [flow.violation(probed.outcomes, excepting: exceptions)].compactMap { $0 }
        lines += probed.oddities.map { "\(flow): \($0)" }
        if lines.isEmpty { lines += memories.violations(flow, probed.answers) }
        return lines
    }
}
