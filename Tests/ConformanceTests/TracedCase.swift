import ConformanceTesting
import DataplaneTesting
import Netlink
import NetworkTypes
import NftablesDataplane
import RandomTesting

extension ConformanceFlow {
    /// The first packet of such a connection.
    var packet: TracedPacket { TracedPacket(from: source, to: to, port, transport, on: from.interface) }
}

extension FlowOutcome {
    init(_ traced: TraceOutcome) {
        switch traced {
        case .delivered(let address, let port, let masqueraded):
            self = .delivered(to: address, port: port, masqueraded: masqueraded)
        case .rejected: self = .rejected
        case .dropped: self = .dropped
        case .untouched: self = .untouched
        }
    }
}

/// Runs flows through the rules of one family's table, which remembers clients on the way.
struct FlowTracer {
    var fake: FakeNftables
    /// Draws that are made by chance in the kernel.
    private var random = SplitMix64(seed: 1)

    init(_ fake: FakeNftables) { self.fake = fake }

    private var tracer: PacketTracer { PacketTracer(fake, localAddresses: Set(World.hostAddresses)) }

    /// What is wrong, a line each; rules that no sound table has are wrong too.
    mutating func violations(_ flows: [ConformanceFlow], _ memories: inout StickyMemories) -> [String] {
        let plain = tracer
        var lines: [String] = []
        for flow in flows {
            do throws(TraceError) {
                if case .sticky = flow.expected {
                    lines += try violations(sticky: flow, &memories)
                } else if let line = flow.violation(Set(try plain.outcomes(flow.packet).map { FlowOutcome($0) })) {
                    lines.append(line)
                } else if flow.expected == .rejected || flow.expected == .dropped {
                    lines += try violations(established: flow, plain)
                }
            } catch {
                lines.append("\(flow): \(error)")
            }
        }
        return lines
    }

    /// What refuses new connections lets those pass that are under way (reference 1.5).
    private func violations(established flow: ConformanceFlow, _ tracer: PacketTracer) throws(TraceError) -> [String] {
        var packet = flow.packet
        packet.isNewConnection = false
        let found = try tracer.outcomes(packet)
        return found == [.untouched] ? [] : ["\(flow), under way: untouched expected, found \(found)"]
    }

    /// One connection by chance, and then another.
    private mutating func violations(
        sticky flow: ConformanceFlow, _ memories: inout StickyMemories
    ) throws(TraceError) -> [String] {
        let walks = try tracer.walks(flow.packet)
        if let line = flow.violation(Set(walks.map { FlowOutcome($0.outcome) })) { return [line] }
        let first = walks[Int.random(in: walks.indices, using: &random)]
        fake = first.table
        let later = try tracer.outcomes(flow.packet)
        let lines = memories.violations(flow, [FlowOutcome(first.outcome)] + later.map { FlowOutcome($0) })
        return lines.isEmpty && flow.from == .client ? try violations(timeOf: flow, first.outcome) : lines
    }

    /// The API's default for how long a client is remembered.
    private static let memoryMilliseconds: UInt64 = 10_800_000

    /// Each new connection renews the memory; after its time it is gone (reference 1.2).
    private func violations(timeOf flow: ConformanceFlow, _ first: TraceOutcome) throws(TraceError) -> [String] {
        var copy = self
        for _ in 0..<2 {
            copy.fake.advance(milliseconds: Self.memoryMilliseconds - 1000)
            let walks = try copy.tracer.walks(flow.packet)
            guard let walk = walks.first, Set(walks.map(\.outcome)) == [first] else {
                return ["\(flow): forgotten though renewed, found \(walks.map(\.outcome))"]
            }
            copy.fake = walk.table
        }
        copy.fake.advance(milliseconds: Self.memoryMilliseconds + 1000)
        let found = Set(try copy.tracer.outcomes(flow.packet).map { FlowOutcome($0) })
        return found == flow.allowed ? [] : ["\(flow): remembered beyond its time, found \(found)"]
    }
}

/// The planner's table of one family in memory, step after step.
struct PlannedCase {
    let family: IPFamily
    private var planner: NftablesPlanner?
    private(set) var tracer: FlowTracer

    init(_ family: IPFamily) {
        self.family = family
        tracer = FlowTracer(FakeNftables(family: NftablesFamily(family)))
    }

    mutating func take(_ step: ConformanceCase.Step, of cluster: inout ConformanceCluster) throws {
        let change = cluster.apply(step.events)
        if var planner {
            try tracer.fake.apply(planner.plan(change))
            self.planner = planner
        } else {
            let (plan, planner) = NftablesPlanner.fullPlan(
                family: NftablesFamily(family), kernel: nil, table: cluster.table)
            try tracer.fake.apply(plan)
            self.planner = planner
        }
    }

    mutating func violations(_ step: ConformanceCase.Step, _ memories: inout StickyMemories) -> [String] {
        let flows = step.flows.filter { $0.family == family }
        return tracer.violations(flows, &memories).map { "\(step.name): \($0)" }
    }
}
