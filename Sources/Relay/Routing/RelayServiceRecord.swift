package import LinuxSystem
internal import Synchronization

/// A service as it is now, for `fairway get` and metrics.
package struct RelayServiceRecord: Sendable, Hashable {
    package struct Backend: Sendable, Hashable {
        package enum State: String, Sendable, Hashable, CaseIterable {
            case active
            /// Failed too often lately.
            case resting
            /// Takes no new connection and keeps those it has.
            case draining
            /// Nobody knows it any more; its connections are to end.
            case gone
        }

        package let address: SocketAddress
        /// 0 for one that is in no set.
        package let weight: UInt16
        package let state: State
        package let active: Int
        package let counts: RelayTraffic.Counts
    }

    package let name: String
    /// Sorted by address.
    package let backends: [Backend]
    /// Of all backends since the service is known, those that are forgotten too; each count only grows.
    package let totals: RelayTraffic.Counts
    /// Clients remembered; 0 without affinity.
    package let clients: Int
    /// Clients forgotten for want of room.
    package let evictedClients: UInt64
}

extension RelayService {
    package var record: RelayServiceRecord { state.withLock { $0.record(named: name) } }
}

extension RelayServiceState {
    fileprivate mutating func record(named name: String) -> RelayServiceRecord {
        forgetIdle()
        var weights: [SocketAddress: UInt16] = [:]
        for member in local.layout.members + cluster.layout.members { weights[member.address] = member.weight }
        var totals = past
        var records: [RelayServiceRecord.Backend] = []
        for (place, backend) in backends {
            let counts = backend.traffic.counts
            totals.add(counts)
            let weight = weights[place] ?? 0
            let state: RelayServiceRecord.Backend.State =
                if backend.isGone { .gone } else if weight == 0 { .draining } else if rests[ObjectIdentifier(backend)] != nil {
                    .resting
                } else { .active }
            records.append(
                RelayServiceRecord.Backend(
                    address: place, weight: weight, state: state, active: backend.active, counts: counts))
        }
        records.sort { ($0.address.address, $0.address.port) < ($1.address.address, $1.address.port) }
        return RelayServiceRecord(
            name: name, backends: records, totals: totals, clients: affinity?.memory.count ?? 0,
            evictedClients: affinity?.memory.evictions ?? 0)
    }
}
