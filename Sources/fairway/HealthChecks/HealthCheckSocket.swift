internal import KubernetesModel
internal import LinuxSystem
internal import NetworkTypes

/// One place where a Service's health is asked for.
struct HealthCheckSocket: Sendable, Hashable, CustomStringConvertible {
    let service: ObjectKey
    let address: IPAddress
    let port: UInt16

    /// For the log: `healthCheckNodePort 32000 of shop/web at 192.0.2.1:32000`.
    var description: String {
        "healthCheckNodePort \(port) of \(service) at \(SocketAddress(address, port: port))"
    }
}

/// A health check port that cannot be had: somebody else has it, or the address is not the host's.
struct HealthCheckFailure: Sendable, Hashable, CustomStringConvertible {
    let socket: HealthCheckSocket
    /// The kernel's words.
    let reason: String

    var description: String { "\(socket): \(reason)" }
}
