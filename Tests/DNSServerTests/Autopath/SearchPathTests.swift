import DNSWire
import Testing

@testable import DNSServer

@Suite struct SearchPathTests {
    struct Row: Sendable {
        var name: String
        var hosts: [String] = []
        var expected: [String]
    }

    @Test(arguments: [
        Row(name: "api.default.svc.cluster.local.", expected: ["api.svc.cluster.local.", "api.cluster.local.", "api."]),
        Row(name: "api.prod.default.svc.cluster.local.", hosts: ["corp.example", "Cluster.Local", "corp.example"],
            expected: [
                "api.prod.svc.cluster.local.", "api.prod.cluster.local.", "api.prod.corp.example.", "api.prod.",
            ]),
        Row(name: "API.Default.SVC.cluster.local.", expected: ["API.svc.cluster.local.", "API.cluster.local.", "API."]),
        Row(name: "a.b.c.d.e.default.svc.cluster.local.", expected: [
            "a.b.c.d.e.svc.cluster.local.", "a.b.c.d.e.cluster.local.", "a.b.c.d.e.",
        ]),
        // Five dots: asked for as it is first.
        Row(name: "a.b.c.d.e.f.default.svc.cluster.local.", expected: []),
        Row(name: "default.svc.cluster.local.", expected: []),
        Row(name: "api.other.svc.cluster.local.", expected: []),
        Row(name: "api.xdefault.svc.cluster.local.", expected: []),
        Row(name: "api.example.", expected: []),
    ])
    func `what a resolver asks for after the first name`(row: Row) throws {
        let path = SearchPath(
            domain: try #require(DomainName("cluster.local")), hostDomains: row.hosts.compactMap { DomainName($0) })
        let names = path.candidates(after: try #require(DomainName(row.name)), namespace: "default")
        #expect(names.map(\.description) == row.expected)
    }

    @Test(arguments: [
        ("search a.example b.example.\n", ["a.example.", "b.example."]),
        ("search a.example\nnameserver 1.2.3.4\nsearch b.example\n", ["b.example."]),
        ("domain c.example\noptions ndots:5", ["c.example."]), ("search . a..b ok # comment", ["ok."]), ("", []),
    ])
    func `search domains of a resolv.conf`(text: String, expected: [String]) {
        let domains = Autopath.hostDomains(inResolvConf: text).map(\.description)
        #expect(domains == expected)
    }
}
