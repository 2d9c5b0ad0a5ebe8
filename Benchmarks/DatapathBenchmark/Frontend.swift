import KubernetesModel
import NetworkTypes

/// Something served: a Service for Fairway, a listener for the proxies beside it.
struct Frontend: Sendable {
    let name: String
    /// At the ClusterIP, and at the proxies' address, which all frontends share.
    let port: PortNumber
    /// At the backends.
    let target: PortNumber
    /// Streams of many bytes, and UDP beside TCP.
    let carriesStreams: Bool
    let backends: [IPAddress]
}
