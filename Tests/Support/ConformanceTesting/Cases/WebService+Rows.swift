internal import NetworkTypes

extension WebService {
    /// The cases in each family by TCP and UDP, named after them. With real packets each transport is tried in one family.
    static func rows(_ cases: (WebService) -> [ConformanceCase]) -> [ConformanceCase] {
        IPFamily.allCases.flatMap { family in
            [TransportProtocol.tcp, .udp].flatMap { transport in
                cases(WebService(family, transport)).map { row in
                    var row = row.representative((family == .ipv4) == (transport == .tcp))
                    row.name += ", \(family) \(transport)"
                    return row
                }
            }
        }
    }
}
