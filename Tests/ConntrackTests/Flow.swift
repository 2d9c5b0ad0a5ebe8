import Conntrack
import DataplaneTesting
import Netlink
import NetworkTypes
import ServiceTable

/// An entry in the words of a test: where it was sent, and where it really goes.
func flow(
    _ protocol: TransportProtocol, _ destination: String, to place: String? = nil, answered: Bool = true,
    client: UInt16 = 40_000
) -> ConntrackEntry {
    let sent = Backend.at(destination)
    let goes = place.map { Backend.at($0) } ?? sent
    let source: IPAddress = .text(sent.address.family == .ipv4 ? "192.0.2.2" : "2001:db8:2::2")
    return ConntrackEntry(
        `protocol`,
        original: ConntrackTuple(
            source: source, sourcePort: client, destination: sent.address, destinationPort: sent.port.rawValue),
        reply: ConntrackTuple(
            source: goes.address, sourcePort: goes.port.rawValue, destination: source, destinationPort: client),
        status: answered ? .seenReply : [])
}

extension ServiceTableChange {
    /// Of these entries those that the step makes stale, as sweeps and plan have it.
    func stale(_ entries: [ConntrackEntry], closesTCP: Bool = false) -> [ConntrackEntry] {
        plan(closesTCP: closesTCP).map { plan in entries.filter { plan.isStale($0) } } ?? []
    }

    /// The plan for both families; nil when nothing has to be looked at.
    func plan(closesTCP: Bool) -> SweepPlan? {
        let flows = StaleFlows(closesTCP: closesTCP)
        let sweeps = IPFamily.allCases.flatMap { flows.sweeps(of: self, family: $0) }
        return sweeps.isEmpty ? nil : SweepPlan(sweeps, tables: [new], closesTCP: closesTCP)
    }
}

extension Verdict {
    static let cluster = Verdict.balance(.cluster, masquerade: false)
    static let local = Verdict.balance(.local, masquerade: false)
}
