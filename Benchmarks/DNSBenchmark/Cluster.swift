import KubernetesModel
import NetworkTypes

/// What is asked.
enum Mix: String, CaseIterable {
    /// The address of a ClusterIP Service.
    case a
    /// A 40 %, AAAA 20 %, SRV 10 %, PTR 10 %, names that do not exist 15 %, headless Services of 40 endpoints 5 %.
    case mixed
    /// As `a`, over TCP.
    case tcp
}

/// A made-up cluster: one Service in a hundred headless with 40 endpoints, one in ten dual stack, the others
/// ClusterIP with five endpoints and one named port.
struct Cluster {
    let services: Int

    static let domain = "cluster.local"
    /// Of the Service whose endpoint changes.
    static let probeName = "probe.namespace-0.svc.cluster.local"

    func isHeadless(_ index: Int) -> Bool { index % 100 == 99 }
    func isDual(_ index: Int) -> Bool { index % 10 == 3 }
    func endpointCount(_ index: Int) -> Int { isHeadless(index) ? 40 : 5 }
    func name(_ index: Int) -> String { "service-\(index).namespace-\(index % 50).svc.\(Self.domain)" }
    func address(_ index: Int) -> IPAddress { IPAddress(v4: 0x0A60_0000 + 16 + UInt32(index)) }
    func address6(_ index: Int) -> IPAddress { IPAddress(bits: (0xFD00_0010_0096 << 80) + 16 + UInt128(index), family: .ipv6) }

    /// Endpoints are numbered through the cluster, at most 40 a Service.
    func endpoint(_ index: Int, _ number: Int) -> IPAddress { IPAddress(v4: 0x0B00_0000 + UInt32(index * 40 + number)) }

    func service(_ index: Int) -> Service {
        let addresses: [ClusterIP] =
            isHeadless(index)
            ? [.none] : [.address(address(index))] + (isDual(index) ? [.address(address6(index))] : [])
        return Service(
            metadata: ObjectMeta(name: "service-\(index)", namespace: "namespace-\(index % 50)"),
            spec: ServiceSpec(
                clusterIPs: addresses, ipFamilies: isDual(index) && !isHeadless(index) ? [.ipv4, .ipv6] : [.ipv4],
                ports: [ServicePortSpec(name: "http", port: 80, targetPort: .number(8080))]))
    }

    func slice(_ index: Int) -> EndpointSlice {
        EndpointSlice(
            metadata: ObjectMeta(
                name: "service-\(index)-v4", namespace: "namespace-\(index % 50)",
                labels: [LabelKey.serviceName: "service-\(index)", LabelKey.managedBy: "benchmark"]),
            addressType: .ipv4, ports: [EndpointPort(name: "http", port: 8080)],
            endpoints: (0..<endpointCount(index)).map {
                Endpoint(
                    addresses: [endpoint(index, $0)], ready: true, serving: true, terminating: false,
                    nodeName: "node-\(($0 + index) % 100)")
            })
    }

    /// The same names and records as lines of a zone file, without SOA and NS.
    func zoneLines(to write: (String) throws -> Void) rethrows {
        for index in 0..<services {
            let name = name(index)
            if isHeadless(index) {
                for number in 0..<endpointCount(index) {
                    let address = endpoint(index, number)
                    let own = "\(dashed(address)).\(name)."
                    try write("\(name). 30 IN A \(address)\n\(own) 30 IN A \(address)\n")
                    try write("_http._tcp.\(name). 30 IN SRV 0 2 8080 \(own)\n")
                }
            } else {
                try write("\(name). 30 IN A \(address(index))\n")
                if isDual(index) { try write("\(name). 30 IN AAAA \(address6(index))\n") }
                try write("_http._tcp.\(name). 30 IN SRV 0 100 80 \(name).\n")
                for number in 0..<endpointCount(index) {
                    let address = endpoint(index, number)
                    try write("\(dashed(address)).\(name). 30 IN A \(address)\n")
                }
            }
        }
    }

    /// PTR records of ClusterIPs and endpoints.
    func reverseLines(to write: (String) throws -> Void) rethrows {
        for index in 0..<services {
            let name = name(index)
            if !isHeadless(index) { try write("\(reverse(address(index))). 30 IN PTR \(name).\n") }
            for number in 0..<endpointCount(index) {
                let address = endpoint(index, number)
                try write("\(reverse(address)). 30 IN PTR \(dashed(address)).\(name).\n")
            }
        }
    }

    /// Lines for dnsperf: 100 000 questions in a fixed, scattered order.
    func queries(_ mix: Mix) -> String {
        var text = ""
        var random: UInt64 = 42
        for _ in 0..<100_000 {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            var index = Int((random >> 33) % UInt64(services))
            let kind = mix == .mixed ? Int((random >> 20) % 100) : 0
            if isHeadless(index) && kind < 95 { index -= 1 }
            switch kind {
            case ..<40: text += "\(name(index)) A\n"
            case ..<60: text += "\(name(index)) AAAA\n"
            case ..<70: text += "_http._tcp.\(name(index)) SRV\n"
            case ..<80: text += "\(reverse(address(index))) PTR\n"
            case ..<95: text += "\(name(index)).namespace-\(index % 50).svc.\(Self.domain) A\n"
            default: text += "\(name(index / 100 * 100 + 99)) A\n"
            }
        }
        return text
    }

    func dashed(_ address: IPAddress) -> String {
        String(address.description.map { $0 == "." ? "-" : $0 })
    }

    func reverse(_ address: IPAddress) -> String {
        address.networkBytes.reversed().map(String.init).joined(separator: ".") + ".in-addr.arpa"
    }
}
