import DataplaneTesting
import FoundationEssentials
import Netlink
import NetworkTypes
import NftablesDataplane
import ServiceTable
import Testing

/// Small tables as text. `FAIRWAY_UPDATE_GOLDEN=1` rewrites the files and fails.
@Suite struct GoldenTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let folder: String
        let family: IPFamily
        let table: ServiceTable
        var testDescription: String { folder }
    }

    private static let internalMasquerade = OriginVerdicts(
        pod: .balance(.cluster, masquerade: false), node: .balance(.cluster, masquerade: true),
        outside: .balance(.cluster, masquerade: true))

    private static func fixture(
        _ folder: String, _ fixture: PolicyFixture, detector: LocalDetector? = nil
    ) -> Case {
        var node = fixture.node
        if let detector { node.localDetector = detector }
        return Case(folder: folder, family: fixture.family, table: .of([fixture.servicePort], node: node))
    }

    static let cases: [Case] = [
        Case(folder: "no-services", family: .ipv4, table: .of([], node: PolicyFixture(family: .ipv4).node)),
        fixture("all-frontends", PolicyFixture(family: .ipv4)),
        fixture("external-local-ipv6", PolicyFixture(family: .ipv6, policy: .externalLocal)),
        fixture("no-endpoints", PolicyFixture(family: .ipv4, policy: .bothLocal, remote: ["1"], local: [])),
        fixture("interface-prefix", PolicyFixture(family: .ipv4, transport: .sctp), detector: .interfacePrefix("veth")),
        Case(
            folder: "affinity-and-sources", family: .ipv4,
            table: .of(
                [
                    .named(
                        "web", affinity: Affinity(timeoutSeconds: 10800), scheduler: .sourceHash,
                        cluster: [.at("10.244.0.2:8080"), .at("10.244.1.2:8080", isLocal: true)],
                        local: [.at("10.244.1.2:8080", isLocal: true)],
                        frontends: [
                            .clusterIP("10.96.0.10", 80, internalMasquerade),
                            .loadBalancerIP(
                                "203.0.113.5", 80, PolicyFixture(family: .ipv4, policy: .externalLocal).externalVerdicts,
                                from: [IPPrefix("198.51.100.0/24"), IPPrefix("203.0.113.5/32")].compactMap { $0 }),
                        ])
                ], node: PolicyFixture(family: .ipv4).node)),
        Case(
            folder: "shared-treatment", family: .ipv4,
            table: .of(
                [
                    .named(
                        "dns", port: "udp", .udp, cluster: [.at("10.244.0.2:53"), .at("10.244.1.2:53")],
                        frontends: [.clusterIP("10.96.0.10", 53, internalMasquerade)]),
                    .named(
                        "dns", port: "tcp", .tcp, cluster: [.at("10.244.0.2:53"), .at("10.244.1.2:53")],
                        frontends: [.clusterIP("10.96.0.10", 53, internalMasquerade)]),
                    .named(
                        "web", cluster: [.at("10.244.0.3:8080")],
                        frontends: [.clusterIP("10.96.0.20", 80, internalMasquerade)]),
                ], node: PolicyFixture(family: .ipv4, hasDetector: false).node)),
    ]

    @Test(arguments: cases) func looksAsItDid(_ row: Case) throws {
        let text = try PlannedTable(row.table, family: row.family).fake.text
        let here = "\(#filePath)"
        let folder = here[..<(here.lastIndex(of: "/") ?? here.endIndex)] + "/Golden/" + row.folder
        let path = folder + "/expected.nft"
        if ProcessInfo.processInfo.environment["FAIRWAY_UPDATE_GOLDEN"] == "1" {
            try FileManager.default.createDirectory(atPath: String(folder), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: URL(filePath: String(path)))
            Issue.record("rewrote \(row.folder)/expected.nft: look at the difference and run again")
            return
        }
        let expected = String(decoding: try Data(contentsOf: URL(filePath: String(path))), as: UTF8.self)
        let lines = { (text: String) in text.split(separator: "\n", omittingEmptySubsequences: false) }
        let difference = lines(text).difference(from: lines(expected))
        #expect(difference.isEmpty, "\(row.folder)/expected.nft differs: \(difference.map { "\($0)" })")
    }
}
