import Conntrack
import LinuxSystem
import Netlink
import NetworkTypes
import ServiceTable

/// UDP Services of four endpoints each, and flows spread evenly over all endpoints, the same in every run.
struct FlowTable {
    static let endpoints = 4
    /// Entries that are made at once: what the program holds must not show in what it measures.
    private static let chunk = 4096

    let services: Int
    let entries: Int

    private static func clusterIP(_ service: Int) -> IPAddress { IPAddress(v4: 0x0A60_0000 + UInt32(service)) }

    private static func endpoint(_ service: Int, _ index: Int) -> IPAddress {
        IPAddress(v4: 0x0AC0_0000 + UInt32(service * endpoints + index))
    }

    /// Without the first endpoint of the first `removals` Services.
    func table(removals: Int) -> ServiceTable {
        var table = ServiceTable()
        for service in 0..<services {
            let key = ServicePortKey(
                id: ServicePortID(namespace: "default", service: "dns-\(service)", portName: "", protocol: .udp),
                family: .ipv4)
            let backends = ((service < removals ? 1 : 0)..<FlowTable.endpoints).map {
                Backend(address: FlowTable.endpoint(service, $0), port: 5353)
            }
            table[key] = ServicePort(
                key: key, clusterBackends: BackendSet(backends),
                frontends: [
                    Frontend(
                        kind: .clusterIP, destination: .address(FlowTable.clusterIP(service)), port: 53,
                        verdicts: OriginVerdicts(all: .balance(.cluster, masquerade: false)))
                ])
        }
        return table
    }

    /// The entry of that number: of Service `number % services`, of the endpoints in turn.
    private func entry(_ number: Int) -> ConntrackEntry {
        let service = number % services
        let endpoint = FlowTable.endpoint(service, number / services % FlowTable.endpoints)
        let client = IPAddress(v4: 0xC612_0000 + UInt32(number >> 14))
        let port = UInt16(1024 + number & 0x3FFF)
        return ConntrackEntry(
            .udp,
            original: ConntrackTuple(
                source: client, sourcePort: port, destination: FlowTable.clusterIP(service), destinationPort: 53),
            reply: ConntrackTuple(source: endpoint, sourcePort: 5353, destination: client, destinationPort: port),
            status: [.seenReply, .assured], timeoutSeconds: 86_400)
    }

    private func isStale(_ number: Int, removals: Int) -> Bool {
        number % services < removals && number / services % FlowTable.endpoints == 0
    }

    func staleCount(removals: Int) -> Int { (0..<entries).count { isStale($0, removals: removals) } }

    /// Puts in all entries, or those that the removals make stale.
    func insert(into socket: borrowing ConntrackSocket, removals: Int? = nil) throws {
        var chunk: [ConntrackEntry] = []
        for number in 0..<entries where removals.map({ isStale(number, removals: $0) }) ?? true {
            chunk.append(entry(number))
            if chunk.count == FlowTable.chunk {
                try socket.insert(chunk)
                chunk.removeAll(keepingCapacity: true)
            }
        }
        try socket.insert(chunk)
    }

    /// The arguments by which Debian's `conntrack` deletes the flows of one removal.
    func peerArguments(_ service: Int) -> [String] {
        [
            "-D", "-p", "udp", "--orig-dst", "\(FlowTable.clusterIP(service))", "--orig-port-dst", "53",
            "--reply-src", "\(FlowTable.endpoint(service, 0))",
        ]
    }

    func peerFilter(_ service: Int) -> ConntrackFilter {
        ConntrackFilter(
            family: .ipv4, protocol: .udp, destination: FlowTable.clusterIP(service), destinationPort: 53,
            replySource: FlowTable.endpoint(service, 0))
    }
}
