import ConformanceTesting
import DataplaneTesting
import Netlink
import NetworkTypes
import NftablesDataplane

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

/// Runs flows through the rules of one family's table.
struct FlowTracer {
    private let tracer: PacketTracer

    init(_ fake: FakeNftables) { tracer = PacketTracer(fake, localAddresses: Set(World.hostAddresses)) }

    /// What is wrong, a line each; rules that no sound table has are wrong too.
    func violations(_ flows: [ConformanceFlow]) -> [String] {
        flows.compactMap { flow in
            do throws(TraceError) {
                return flow.violation(Set(try tracer.outcomes(flow.packet).map { FlowOutcome($0) }))
            } catch {
                return "\(flow): \(error)"
            }
        }
    }
}
