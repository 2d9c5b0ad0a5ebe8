package import NetworkTypes
package import Relay
package import ServiceTable

/// Keeps what the relay is asked for in step with the Services.
package protocol UserspaceRouting: RelayDirectory {
    /// Knows exactly this table in this family from now on.
    func synchronize(_ table: ServiceTable, family: IPFamily)

    /// Takes what the change names from `change.new`.
    func apply(_ change: ServiceTableChange, family: IPFamily)
}
