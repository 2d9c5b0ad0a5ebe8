internal import KubernetesModel

/// Makes equal lists of ports of one file share one array: most Services of a cluster have one of a few.
struct PortLists {
    /// Lists of each kind kept while a file is read: more than a cluster has that share any, at some 100 KB. Further
    /// lists stay as they came.
    static let limit = 512

    private var services: Set<[ServicePortSpec]> = []
    private var slices: Set<[EndpointPort]> = []

    mutating func shared(_ ports: [ServicePortSpec]) -> [ServicePortSpec] { Self.shared(ports, &services) }

    mutating func shared(_ ports: [EndpointPort]) -> [EndpointPort] { Self.shared(ports, &slices) }

    private static func shared<Port>(_ ports: [Port], _ known: inout Set<[Port]>) -> [Port] {
        if known.count < limit { return known.insert(ports).memberAfterInsert }
        return known.firstIndex(of: ports).map { known[$0] } ?? ports
    }
}
