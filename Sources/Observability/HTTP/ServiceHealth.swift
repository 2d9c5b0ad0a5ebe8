import HTTPTypes

/// What a load balancer is told of one Service on this node, in kube-proxy's words.
package struct ServiceHealth: Sendable, Equatable {
    package var namespace: String
    package var name: String
    /// Endpoints on this node that take connections, each address once.
    package var localEndpoints: Int
    /// The rules keep up with the changes; whether the node is to stay does not matter here.
    package var serviceProxyHealthy: Bool

    package init(namespace: String, name: String, localEndpoints: Int, serviceProxyHealthy: Bool) {
        self.namespace = namespace
        self.name = name
        self.localEndpoints = localEndpoints
        self.serviceProxyHealthy = serviceProxyHealthy
    }

    /// By which load balancers that know it share out connections between nodes.
    private static let weight = HTTPField.Name("X-Load-Balancing-Endpoint-Weight")

    /// 200 where connections sent here reach an endpoint here, else 503.
    var reply: HTTPReply {
        var reply = HTTPReply.json(localEndpoints > 0 && serviceProxyHealthy ? 200 : 503, json)
        if let weight = Self.weight { reply.fields[weight] = "\(localEndpoints)" }
        return reply
    }

    /// Names of objects have nothing in them that JSON would escape (RFC 1123 labels).
    private var json: String {
        """
        {
        \t"service": {
        \t\t"namespace": "\(namespace)",
        \t\t"name": "\(name)"
        \t},
        \t"localEndpoints": \(localEndpoints),
        \t"serviceProxyHealthy": \(serviceProxyHealthy)
        }
        """
    }
}
