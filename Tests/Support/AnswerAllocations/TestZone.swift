import ClusterZone
import DNSWire
import NetworkTypes

/// A few names of each kind.
enum TestZone {
    static var settings: ZoneSettings {
        ZoneSettings(
            domain: name("cluster.local"), podNames: .insecure,
            reverseRanges: [IPPrefix("10.96.0.0/12")].compactMap(\.self))
    }

    static var change: ZoneChange {
        let members = (1...3).map { number in
            RecordSet.Glue(
                name: name("db-\(number).db.default.svc.cluster.local"),
                addresses: [IPAddress(v4: 0x0AF4_0200 + UInt32(number))])
        }
        let locations = members.map { ServiceLocation(priority: 0, weight: 33, port: 80, target: $0.name) }
        let api = IPAddress(v4: 0x0A60_0001)
        return ZoneChange(
            nodes: [
                node(""), node("svc."), node("pod."), node("default.svc."), node("default.pod."),
                node("api.default.svc.", .a([api]), .aaaa([IPAddress(bits: 0xFD00 << 112 | 1, family: .ipv6)])),
                node("web.default.svc.", .a((1...40).map { IPAddress(v4: 0x0AF4_0000 + $0) })),
                node("db.default.svc.", .a(members.flatMap(\.addresses))), node("_tcp.db.default.svc."),
                node("_http._tcp.db.default.svc.", .srv(locations, glue: members)),
                node("alias.default.svc.", .cname(name("api.default.svc.cluster.local"))),
            ] + members.map { ZoneNode(name: $0.name, sets: [.a($0.addresses)]) },
            pointers: [api: [name("api.default.svc.cluster.local")]], serial: 1)
    }

    private static func node(_ text: String, _ sets: RecordSet...) -> ZoneNode {
        ZoneNode(name: name(text + "cluster.local"), sets: sets)
    }

    private static func name(_ text: String) -> DomainName { DomainName(text) ?? .root }
}
