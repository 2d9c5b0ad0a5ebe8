package import KubernetesModel
package import NetworkTypes

/// An address from a literal of a test; traps on a typing mistake.
package func ip(_ text: String) -> IPAddress {
    guard let address = IPAddress(text) else { preconditionFailure("\(text) is no address") }
    return address
}

/// A prefix from a literal of a test; traps on a typing mistake.
package func prefix(_ text: String) -> IPPrefix {
    guard let prefix = IPPrefix(text) else { preconditionFailure("\(text) is no prefix") }
    return prefix
}

/// A time from a literal of a test; traps on a typing mistake.
package func time(_ text: String) -> Timestamp {
    guard let time = Timestamp(text) else { preconditionFailure("\(text) is no RFC 3339 time") }
    return time
}
