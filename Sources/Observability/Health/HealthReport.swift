package import FoundationEssentials
package import NetworkTypes

/// The health of the rules at one moment, and its JSON in kube-proxy's form.
package struct HealthReport: Sendable, Equatable {
    /// One IP family's part.
    package struct Family: Sendable, Equatable {
        /// When it was last synced; before the first sync, when the process started.
        package var lastUpdated: Date
        package var healthy: Bool
    }

    /// Now when healthy, else the last sync of the family that is longest behind.
    package var lastUpdated: Date
    package var currentTime: Date
    package var healthy: Bool
    package var status: [IPFamily: Family]

    /// One JSON object, members in kube-proxy's order.
    ///
    /// - Parameter nodeEligible: whether load balancers may use this node; nil leaves the member out,
    ///   as `/livez` does.
    package func json(nodeEligible: Bool? = nil) -> String {
        let families = status.sorted { $0.key < $1.key }.map {
            "\"\($0.key)\":{\"lastUpdated\":\"\(Self.rfc3339($0.value.lastUpdated))\",\"healthy\":\($0.value.healthy)}"
        }
        let eligible = nodeEligible.map { ",\"nodeEligible\":\($0)" } ?? ""
        return "{\"lastUpdated\":\"\(Self.rfc3339(lastUpdated))\",\"currentTime\":\"\(Self.rfc3339(currentTime))\""
            + "\(eligible),\"healthy\":\(healthy),\"status\":{\(families.joined(separator: ","))}}"
    }

    /// UTC with milliseconds, such as `2026-02-03T04:05:06.789Z`.
    package static func rfc3339(_ date: Date) -> String {
        date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}
