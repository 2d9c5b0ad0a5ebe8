import ClusterZone
import DNSWire
import Testing

@testable import DNSServer

private let soa = "cluster.local. 30 SOA ns.dns.cluster.local. hostmaster.cluster.local. 1700000000 7200 1800 86400 5"

private func reverseSOA(_ zone: String) -> String {
    "\(zone) 30 SOA ns.dns.\(zone) hostmaster.\(zone) 1700000000 7200 1800 86400 5"
}

/// A question and what the reply must say; lists are compared without order.
struct AnswerCase: Sendable, CustomTestStringConvertible {
    let name: String
    let type: RecordType
    var code = ResponseCode.noError
    var answers: [String] = []
    var authorities: [String] = []
    var additionals: [String] = []
    var testDescription: String { "\(name) \(type)" }

    init(_ name: String, _ type: RecordType, _ answers: [String], additionals: [String] = []) {
        (self.name, self.type, self.answers, self.additionals) = (name, type, answers, additionals)
    }

    init(_ name: String, _ type: RecordType, _ code: ResponseCode, _ authority: String, answers: [String] = []) {
        (self.name, self.type, self.code, self.authorities, self.answers) = (name, type, code, [authority], answers)
    }
}

private let forwardCases: [AnswerCase] = [
    AnswerCase("api.default.svc.cluster.local", .a, ["api.default.svc.cluster.local. 30 A 10.96.0.1"]),
    AnswerCase("API.Default.svc.cluster.LOCAL", .a, ["API.Default.svc.cluster.LOCAL. 30 A 10.96.0.1"]),
    AnswerCase("api.default.svc.cluster.local", .aaaa, ["api.default.svc.cluster.local. 30 AAAA fd00:10:96::1"]),
    AnswerCase("api.default.svc.cluster.local", .txt, .noError, soa),
    AnswerCase("api.default.svc.cluster.local", .any, .noError, soa),
    AnswerCase("api.default.svc.cluster.local", .soa, .noError, soa),
    AnswerCase("cluster.local", .a, .noError, soa),
    AnswerCase("cluster.local", .txt, .noError, soa),
    AnswerCase("cluster.local", .soa, [soa]),
    AnswerCase("cluster.local", .ns, ["cluster.local. 30 NS kube-dns.kube-system.svc.cluster.local."],
        additionals: ["kube-dns.kube-system.svc.cluster.local. 30 A 10.96.0.10"]),
    AnswerCase("svc.cluster.local", .txt, .noError, soa),
    AnswerCase("default.svc.cluster.local", .a, .noError, soa),
    AnswerCase("dns.cluster.local", .a, .noError, soa),
    AnswerCase("dns-version.cluster.local", .txt, ["dns-version.cluster.local. 28800 TXT \"1.1.0\""]),
    AnswerCase("dns-version.cluster.local", .a, .noError, soa),
    AnswerCase("nobody.default.svc.cluster.local", .a, .nameError, soa),
    AnswerCase("nobody.default.svc.cluster.local", .soa, .nameError, soa),
    AnswerCase("x.api.default.svc.cluster.local", .a, .nameError, soa),
    AnswerCase("*.default.svc.cluster.local", .a, .nameError, soa),
    AnswerCase("_tcp.web.default.svc.cluster.local", .srv, .noError, soa),
    AnswerCase("_http._tcp.web.default.svc.cluster.local", .srv, [
        "_http._tcp.web.default.svc.cluster.local. 30 SRV 0 50 80 a.web.default.svc.cluster.local.",
        "_http._tcp.web.default.svc.cluster.local. 30 SRV 0 50 80 b.web.default.svc.cluster.local.",
    ], additionals: [
        "a.web.default.svc.cluster.local. 30 A 10.244.0.1", "b.web.default.svc.cluster.local. 30 A 10.244.0.2",
        "b.web.default.svc.cluster.local. 30 AAAA fd00::2",
    ]),
    // CNAME
    AnswerCase("in.default.svc.cluster.local", .aaaa, [
        "in.default.svc.cluster.local. 30 CNAME web.default.svc.cluster.local.",
        "web.default.svc.cluster.local. 30 AAAA fd00::2",
    ]),
    AnswerCase("in.default.svc.cluster.local", .cname,
        ["in.default.svc.cluster.local. 30 CNAME web.default.svc.cluster.local."]),
    AnswerCase("in.default.svc.cluster.local", .any,
        ["in.default.svc.cluster.local. 30 CNAME web.default.svc.cluster.local."]),
    AnswerCase("in.default.svc.cluster.local", .srv, [
        "in.default.svc.cluster.local. 30 CNAME web.default.svc.cluster.local.",
        "web.default.svc.cluster.local. 30 SRV 0 50 80 a.web.default.svc.cluster.local.",
        "web.default.svc.cluster.local. 30 SRV 0 50 80 b.web.default.svc.cluster.local.",
    ], additionals: [
        "a.web.default.svc.cluster.local. 30 A 10.244.0.1", "b.web.default.svc.cluster.local. 30 A 10.244.0.2",
        "b.web.default.svc.cluster.local. 30 AAAA fd00::2",
    ]),
    AnswerCase("chain.default.svc.cluster.local", .aaaa, [
        "chain.default.svc.cluster.local. 30 CNAME in.default.svc.Cluster.Local.",
        "in.default.svc.Cluster.Local. 30 CNAME web.default.svc.cluster.local.",
        "web.default.svc.cluster.local. 30 AAAA fd00::2",
    ]),
    AnswerCase("v4.default.svc.cluster.local", .aaaa, .noError, soa,
        answers: ["v4.default.svc.cluster.local. 30 CNAME a.web.default.svc.cluster.local."]),
    AnswerCase("gone.default.svc.cluster.local", .a, .nameError, soa,
        answers: ["gone.default.svc.cluster.local. 30 CNAME nobody.default.svc.cluster.local."]),
    AnswerCase("self.default.svc.cluster.local", .a,
        ["self.default.svc.cluster.local. 30 CNAME self.default.svc.cluster.local."]),
    AnswerCase("ping.default.svc.cluster.local", .a, [
        "ping.default.svc.cluster.local. 30 CNAME pong.default.svc.cluster.local.",
        "pong.default.svc.cluster.local. 30 CNAME ping.default.svc.cluster.local.",
    ]),
    AnswerCase("topod.default.svc.cluster.local", .a, [
        "topod.default.svc.cluster.local. 30 CNAME 10-1-2-3.default.pod.cluster.local.",
        "10-1-2-3.default.pod.cluster.local. 30 A 10.1.2.3",
    ]),
    // Without a forwarder the chain ends where the zone does.
    AnswerCase("out.default.svc.cluster.local", .txt,
        ["out.default.svc.cluster.local. 30 CNAME www.Example.com."]),
]

private func pod(_ label: String) -> String { "\(label).default.pod.cluster.local" }

private let podCases: [AnswerCase] = [
    AnswerCase(pod("1-2-3-4"), .a, ["\(pod("1-2-3-4")). 30 A 1.2.3.4"]),
    AnswerCase(pod("1-2-3-4"), .aaaa, .noError, soa),
    AnswerCase(pod("fd00--5"), .aaaa, ["\(pod("fd00--5")). 30 AAAA fd00::5"]),
    AnswerCase(pod("FD00--5"), .aaaa, ["\(pod("FD00--5")). 30 AAAA fd00::5"]),
    AnswerCase(pod("--1"), .aaaa, ["\(pod("--1")). 30 AAAA ::1"]),
    AnswerCase(pod("fd00-17-8--0"), .aaaa, ["\(pod("fd00-17-8--0")). 30 AAAA fd00:17:8::"]),
    AnswerCase(pod("1-2-3-4-5-6-7-8"), .aaaa, ["\(pod("1-2-3-4-5-6-7-8")). 30 AAAA 1:2:3:4:5:6:7:8"]),
    AnswerCase(pod("fd00--5"), .a, .noError, soa), AnswerCase(pod("01-2-3-4"), .a, .nameError, soa),
    AnswerCase(pod("1-2-3"), .a, .nameError, soa), AnswerCase(pod("1-2-3-400"), .a, .nameError, soa),
    AnswerCase(pod("1-2-3-4-"), .a, .nameError, soa), AnswerCase(pod("fd00---5"), .aaaa, .nameError, soa),
    AnswerCase(pod("fd00--1--5"), .aaaa, .nameError, soa), AnswerCase(pod("12345--1"), .aaaa, .nameError, soa),
    AnswerCase(pod("x.1-2-3-4"), .a, .nameError, soa), AnswerCase(pod("web"), .a, .nameError, soa),
    AnswerCase("1-2-3-4.nowhere.pod.cluster.local", .a, .nameError, soa),
    AnswerCase("1-2-3-4.default.svc.cluster.local", .a, .nameError, soa),
]

private let zone6 = "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa"
private let api6 = "1.0.0.0." + zone6

private let reverseCases: [AnswerCase] = [
    AnswerCase("1.0.96.10.in-addr.arpa", .ptr, ["1.0.96.10.in-addr.arpa. 30 PTR api.default.svc.cluster.local."]),
    AnswerCase("1.0.96.10.IN-ADDR.arpa", .a, .noError, reverseSOA("96.10.IN-ADDR.arpa.")),
    AnswerCase("9.7.100.10.in-addr.arpa", .ptr, [
        "9.7.100.10.in-addr.arpa. 30 PTR x.default.svc.cluster.local.",
        "9.7.100.10.in-addr.arpa. 30 PTR y.default.svc.cluster.local.",
    ]),
    AnswerCase("0.96.10.in-addr.arpa", .ptr, .noError, reverseSOA("96.10.in-addr.arpa.")),
    AnswerCase("1.96.10.in-addr.arpa", .ptr, .nameError, reverseSOA("96.10.in-addr.arpa.")),
    AnswerCase("2.0.96.10.in-addr.arpa", .ptr, .nameError, reverseSOA("96.10.in-addr.arpa.")),
    AnswerCase("96.10.in-addr.arpa", .ptr, .noError, reverseSOA("96.10.in-addr.arpa.")),
    AnswerCase("111.10.in-addr.arpa", .soa, [reverseSOA("111.10.in-addr.arpa.")]),
    AnswerCase("x.1.0.96.10.in-addr.arpa", .ptr, .nameError, reverseSOA("96.10.in-addr.arpa.")),
    AnswerCase("01.0.96.10.in-addr.arpa", .ptr, .nameError, reverseSOA("96.10.in-addr.arpa.")),
    AnswerCase("256.0.96.10.in-addr.arpa", .ptr, .nameError, reverseSOA("96.10.in-addr.arpa.")),
    AnswerCase("1.0.244.10.in-addr.arpa", .ptr, ["1.0.244.10.in-addr.arpa. 30 PTR a.web.default.svc.cluster.local."]),
    AnswerCase("1.0.244.10.in-addr.arpa", .a, .noError, reverseSOA("1.0.244.10.in-addr.arpa.")),
    AnswerCase("2.0.244.10.in-addr.arpa", .ptr, .refused, ""),
    AnswerCase("10.in-addr.arpa", .ptr, .refused, ""), AnswerCase("112.10.in-addr.arpa", .ptr, .refused, ""),
    AnswerCase("in-addr.arpa", .ptr, .refused, ""), AnswerCase("example.com", .a, .refused, ""),
    AnswerCase("xcluster.local", .a, .refused, ""), AnswerCase("local", .a, .refused, ""),
    AnswerCase(".", .ns, .refused, ""),
    AnswerCase(api6, .ptr, ["\(api6). 30 PTR api.default.svc.cluster.local."]),
    AnswerCase("2" + api6.dropFirst(), .ptr, .nameError, reverseSOA(zone6 + ".")),
    AnswerCase("0." + zone6, .ptr, .noError, reverseSOA(zone6 + ".")),
    AnswerCase("1." + zone6, .ptr, .nameError, reverseSOA(zone6 + ".")),
]

@Suite struct AnswerTests {
    private func check(_ item: AnswerCase, _ zone: ClusterZone) throws {
        let reply = try #require(try SmallCluster.reply(WireQuery(item.name, item.type).bytes, zone))
        #expect(reply.code == Int(item.code.rawValue))
        #expect(reply.answers.sorted() == item.answers.sorted())
        #expect(reply.authorities == item.authorities.filter { !$0.isEmpty })
        #expect(reply.additionals.sorted() == item.additionals.sorted())
        #expect(reply.isAuthoritative == (item.code != .refused))
        #expect(reply.opt == nil)
        let asked = DomainName(item.name) ?? .root
        #expect(reply.question == "\(asked) \(item.type)")
    }

    @Test("names of the domain", arguments: forwardCases) func namesOfTheDomain(_ item: AnswerCase) throws {
        try check(item, SmallCluster.zone())
    }

    @Test("names of pods", arguments: podCases) func namesOfPods(_ item: AnswerCase) throws { try check(item, SmallCluster.zone()) }

    @Test("names of addresses", arguments: reverseCases) func namesOfAddresses(_ item: AnswerCase) throws {
        try check(item, SmallCluster.zone())
    }

    @Test("verified and disabled names of pods") func verifiedAndDisabledNamesOf() throws {
        let verified = SmallCluster.zone(.synced, SmallCluster.settings(pods: .verified))
        try check(AnswerCase(pod("10-1-2-3"), .a, ["\(pod("10-1-2-3")). 30 A 10.1.2.3"]), verified)
        try check(AnswerCase(pod("10-1-2-4"), .a, .nameError, soa), verified)
        try check(AnswerCase(pod("10-1-2-5"), .a, .nameError, soa), verified)
        let disabled = SmallCluster.zone(.synced, SmallCluster.settings(pods: .disabled))
        try check(AnswerCase(pod("10-1-2-3"), .a, .nameError, soa), disabled)
        try check(AnswerCase("default.pod.cluster.local", .a, .noError, soa), disabled)
    }

    @Test("a zone that is not known yet fails, and says why", arguments: ["api.default.svc.cluster.local", "nobody.cluster.local", "1.0.96.10.in-addr.arpa"])
    func aZoneThatIsNot(_ name: String) throws {
        var options = ResponderOptions()
        options.offersRecursion = true
        let reply = try #require(
            try SmallCluster.reply(WireQuery(name, .a, edns: 1232).bytes, SmallCluster.zone(.unsynced), options))
        #expect(reply.code == 2)
        #expect(reply.opt?.options == [0, 15, 0, 2, 0, 14])
        let plain = try #require(try SmallCluster.reply(WireQuery(name).bytes, SmallCluster.zone(.unsynced), options))
        #expect(plain.code == 2)
        #expect(plain.opt == nil)
    }

    @Test("a restored zone answers, and says that it is stale") func aRestoredZoneAnswersAnd() throws {
        let query = WireQuery("api.default.svc.cluster.local", .a, edns: 1232)
        let reply = try #require(try SmallCluster.reply(query.bytes, SmallCluster.zone(.restored)))
        #expect(reply.answers.count == 1)
        #expect(reply.opt?.options == [0, 15, 0, 2, 0, 3])
    }
}
