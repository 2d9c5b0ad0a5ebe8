import ClusterZone
import DNSForwarder
import DNSWire
import NetworkTypes
import Testing

@testable import DNSServer

/// A pod of `default`; `responder.reply` asks from there.
private let pod = IPAddress(v4: 0x7F00_0001)

/// The zone's part of a search.
@Suite struct AutopathTests {
    static let soa =
        "cluster.local. 30 SOA ns.dns.cluster.local. hostmaster.cluster.local. 1700000000 7200 1800 86400 5"

    static func options(
        recursion: Bool = true, hosts: [String] = [], namespaces: [IPAddress: String] = [pod: "default"]
    ) -> ResponderOptions {
        var options = ResponderOptions()
        options.offersRecursion = recursion
        let pods = LocalPodPublisher()
        pods.publish(LocalPods(namespaces: namespaces))
        options.autopath = Autopath(hostDomains: hosts.compactMap { DomainName($0) }, pods: pods)
        return options
    }

    /// Asks for a name with the namespace's domain behind it.
    static func ask(
        _ name: String, _ type: RecordType = .a, _ options: ResponderOptions, edns: UInt16? = nil
    ) throws -> (WireReply?, ForwardRequest?) {
        var responder = Responder(options: options, statistics: ServerStatistics(), seed: 1)
        let query = WireQuery(name + ".default.svc.cluster.local", type, edns: edns)
        return try responder.reply(query.bytes, SmallCluster.zone())
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var type = RecordType.a
        var answers: [String]
        var testDescription: String { "\(name) \(type)" }
    }

    @Test(arguments: [
        Row(name: "api.default", answers: [
            "api.default.default.svc.cluster.local. 5 CNAME api.default.svc.cluster.local.",
            "api.default.svc.cluster.local. 30 A 10.96.0.1",
        ]),
        Row(name: "api.default.svc", type: .aaaa, answers: [
            "api.default.svc.default.svc.cluster.local. 5 CNAME api.default.svc.cluster.local.",
            "api.default.svc.cluster.local. 30 AAAA fd00:10:96::1",
        ]),
        Row(name: "api.default.svc.cluster.local", answers: [
            "api.default.svc.cluster.local.default.svc.cluster.local. 5 CNAME api.default.svc.cluster.local.",
            "api.default.svc.cluster.local. 30 A 10.96.0.1",
        ]),
        // Only of the other family: the client's other question finds it, and this one stays there.
        Row(name: "a.web.default", type: .aaaa, answers: [
            "a.web.default.default.svc.cluster.local. 5 CNAME a.web.default.svc.cluster.local.",
        ]),
        // An alias within the zone.
        Row(name: "v4.default", answers: [
            "v4.default.default.svc.cluster.local. 5 CNAME v4.default.svc.cluster.local.",
            "v4.default.svc.cluster.local. 30 CNAME a.web.default.svc.cluster.local.",
            "a.web.default.svc.cluster.local. 30 A 10.244.0.1",
        ]),
        Row(name: "10-1-2-3.default.pod", answers: [
            "10-1-2-3.default.pod.default.svc.cluster.local. 5 CNAME 10-1-2-3.default.pod.cluster.local.",
            "10-1-2-3.default.pod.cluster.local. 30 A 10.1.2.3",
        ]),
    ])
    func `the first name of the zone that exists is the answer`(row: Row) throws {
        for edns: UInt16? in [nil, 1232] {
            let (reply, forwarded) = try Self.ask(row.name, row.type, Self.options(), edns: edns)
            #expect(forwarded == nil)
            #expect(reply?.answers == row.answers)
            #expect(reply?.code == 0)
            #expect(reply?.isAuthoritative == true)
            let hasAddress = row.answers.contains { $0.contains(" A ") || $0.contains(" AAAA ") }
            #expect(reply?.authorities == (hasAddress ? [] : [Self.soa]))
        }
    }

    @Test func `other names go to other servers, with what is said where none exists`() throws {
        let (_, forwarded) = try Self.ask("www.example.com", .a, Self.options(hosts: ["corp.example"]))
        let request = try #require(forwarded)
        #expect(request.forwarded.question.name.description == "www.example.com.corp.example.")
        #expect(request.prefix.map(\.name.description) == ["www.example.com.default.svc.cluster.local."])
        #expect(request.prefix.map(\.timeToLive) == [5])
        let walk = try #require(request.walk)
        #expect(walk.rest.map { $0.last?.data } == [.cname(try #require(DomainName("www.example.com")))])
        let fallback = try WireReply(walk.fallback)
        #expect(fallback.code == 3)
        #expect(fallback.answers.isEmpty && fallback.authorities == [Self.soa])
        #expect(fallback.question == "www.example.com.default.svc.cluster.local. A")
    }

    @Test func `an ExternalName leads out, and a name error behind it leads on`() throws {
        let (_, forwarded) = try Self.ask("viaout.default", .a, Self.options())
        let request = try #require(forwarded)
        #expect(request.forwarded.question.name.description == "www.Example.com.")
        #expect(request.prefix.count == 3)
        let walk = try #require(request.walk)
        #expect(walk.rest.count == 1)
        let fallback = try WireReply(walk.fallback)
        #expect(fallback.code == 3 && fallback.answers.isEmpty && fallback.authorities == [Self.soa])
    }

    struct Unknown: Sendable, CustomTestStringConvertible {
        var why: String
        var namespaces = [pod: "default"]
        var name = "api.default"
        var type = RecordType.a
        var recursion = true
        var testDescription: String { why }
    }

    @Test(arguments: [
        Unknown(why: "no pod of this node", namespaces: [:]), Unknown(why: "another namespace", namespaces: [pod: "other"]),
        Unknown(why: "a type that nobody searches for", type: .cname),
        Unknown(why: "nobody to ask", name: "www.example", recursion: false),
    ])
    func `where the search cannot be done here, the client does it`(row: Unknown) throws {
        let options = Self.options(recursion: row.recursion, namespaces: row.namespaces)
        let (reply, forwarded) = try Self.ask(row.name, row.type, options)
        #expect(forwarded == nil)
        #expect(reply?.code == 3 && reply?.authorities == [Self.soa])
    }

    @Test func `a pod that has ended is forgotten at once`() throws {
        let options = Self.options()
        var responder = Responder(options: options, statistics: ServerStatistics(), seed: 1)
        let query = WireQuery("api.default.default.svc.cluster.local").bytes
        let zone = SmallCluster.zone()
        let before = try responder.reply(query, zone).0
        options.autopath?.pods.publish(LocalPods())
        let after = try responder.reply(query, zone).0
        #expect(before?.code == 0 && after?.code == 3)
    }
}
