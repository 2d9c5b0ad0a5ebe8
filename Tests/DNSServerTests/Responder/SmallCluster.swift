import ClusterZone
import DNSWire
import NetworkTypes

@testable import DNSServer

/// A cluster written by hand, in the form that the zone gets it.
enum SmallCluster {
    static func name(_ text: String) -> DomainName { DomainName(text) ?? .root }
    static func address(_ text: String) -> IPAddress { IPAddress(text) ?? IPAddress(v4: 0) }

    static func settings(
        pods: ZoneSettings.PodNames = .insecure, ranges: [String] = ["10.96.0.0/12", "fd00:10:96::/112"]
    ) -> ZoneSettings {
        ZoneSettings(
            domain: name("cluster.local"), timeToLive: 30, negativeTimeToLive: 5, podNames: pods,
            reverseRanges: ranges.compactMap { IPPrefix($0) })
    }

    static func node(_ text: String, _ sets: RecordSet...) -> ZoneNode {
        ZoneNode(name: name(text + "cluster.local"), sets: sets)
    }

    static var change: ZoneChange {
        let web1 = RecordSet.Glue(name: name("a.web.default.svc.cluster.local"), addresses: [address("10.244.0.1")])
        let web2 = RecordSet.Glue(
            name: name("b.web.default.svc.cluster.local"), addresses: [address("10.244.0.2"), address("fd00::2")])
        let dns = RecordSet.Glue(name: name("kube-dns.kube-system.svc.cluster.local"), addresses: [address("10.96.0.10")])
        func srv(_ port: UInt16, _ target: RecordSet.Glue) -> ServiceLocation {
            ServiceLocation(priority: 0, weight: 50, port: port, target: target.name)
        }
        return ZoneChange(
            nodes: [
                node("", .ns([dns.name], glue: [dns])), node("svc."), node("pod."), node("default.svc."),
                node("default.pod."), node("dns."), node("ns.dns.", .a([address("10.96.0.10")])),
                node("dns-version.", .txt([Array("1.1.0".utf8)], timeToLive: 28800)),
                node("api.default.svc.", .a([address("10.96.0.1")]), .aaaa([address("fd00:10:96::1")])),
                node("web.default.svc.", .a([address("10.244.0.1"), address("10.244.0.2")]),
                    .aaaa([address("fd00::2")]), .srv([srv(80, web1), srv(80, web2)], glue: [web1, web2])),
                node("_tcp.web.default.svc."),
                node("_http._tcp.web.default.svc.", .srv([srv(80, web1), srv(80, web2)], glue: [web1, web2])),
                node("a.web.default.svc.", .a(web1.addresses)),
                node("out.default.svc.", .cname(name("www.Example.com"))),
                node("in.default.svc.", .cname(name("web.default.svc.cluster.local"))),
                node("chain.default.svc.", .cname(name("in.default.svc.Cluster.Local"))),
                node("self.default.svc.", .cname(name("self.default.svc.cluster.local"))),
                node("ping.default.svc.", .cname(name("pong.default.svc.cluster.local"))),
                node("pong.default.svc.", .cname(name("ping.default.svc.cluster.local"))),
                node("gone.default.svc.", .cname(name("nobody.default.svc.cluster.local"))),
                node("v4.default.svc.", .cname(name("a.web.default.svc.cluster.local"))),
                node("topod.default.svc.", .cname(name("10-1-2-3.default.pod.cluster.local"))),
                node("viaout.default.svc.", .cname(name("out.default.svc.cluster.local"))),
            ],
            pointers: [
                address("10.96.0.1"): [name("api.default.svc.cluster.local")],
                address("10.244.0.1"): [name("a.web.default.svc.cluster.local")],
                address("10.100.7.9"): [name("x.default.svc.cluster.local"), name("y.default.svc.cluster.local")],
                address("fd00:10:96::1"): [name("api.default.svc.cluster.local")],
            ],
            podNamespaces: [address("10.1.2.3"): ["default"], address("10.1.2.4"): ["other"]], serial: 1_700_000_000)
    }

    static func zone(
        _ readiness: ZoneReadiness = .synced, _ settings: ZoneSettings = settings(), _ change: ZoneChange = change
    ) -> ClusterZone {
        var tree = ZoneTree(settings: settings, readiness: readiness)
        tree.apply(change)
        return tree.zone
    }

    /// What a responder makes of bytes; nil: nothing, or forwarded.
    static func reply(
        _ query: [UInt8], _ zone: ClusterZone, _ options: ResponderOptions = ResponderOptions(),
        transport: QueryTransport = .udp, seed: UInt64 = 1
    ) throws -> WireReply? {
        var responder = Responder(options: options, statistics: ServerStatistics(), seed: seed)
        return try responder.reply(query, zone, transport: transport).0
    }
}

extension Responder {
    mutating func reply(
        _ query: [UInt8], _ zone: ClusterZone, transport: QueryTransport = .udp
    ) throws -> (WireReply?, ForwardRequest?) {
        var response = [UInt8](repeating: 0xAA, count: transport == .udp ? 1232 : 65_535)
        var span = response.mutableSpan
        // SAFETY: bytes take any value, and the span ends with this call.
        var bytes = unsafe span.mutableBytes
        let client = IPAddress(v4: 0x7F00_0001)
        let outcome = unsafe respond(to: query.span.bytes, transport: transport, client: client, zone: zone, into: &bytes)
        switch outcome {
        case .send(let count): return (try WireReply(Array(response[..<count])), nil)
        case .forward(let request): return (nil, request)
        case .drop: return (nil, nil)
        }
    }
}
