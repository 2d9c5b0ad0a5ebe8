import DataplaneTesting
import NetworkTypes
import ServiceTable
import Testing

@testable import NftablesDataplane

/// The ids that clients are remembered by.
@Suite struct AffinityTableTests {
    private static func port(
        _ service: String, port: String = "", scope: Affinity.Scope = .servicePort, _ backends: String...
    ) -> ServicePort {
        .named(
            service, port: port, affinity: Affinity(scope: scope, timeoutSeconds: 60),
            cluster: backends.map { .at($0) },
            frontends: [.clusterIP("10.96.0.1", 80, OriginVerdicts(all: .balance(.cluster, masquerade: false)))])
    }

    private static func ids(_ table: AffinityTable, _ port: ServicePort) -> [String: UInt32] {
        let ids = table.ids(of: port) ?? [:]
        return Dictionary(uniqueKeysWithValues: ids.map { ("\($0.key.address)", $0.value) })
    }

    @Test("an endpoint keeps its id while it stays, and one that comes back gets another")
    func lifetime() throws {
        var table = AffinityTable(seed: 7)
        let (both, one) = (Self.port("a", "10.0.0.1:80", "10.0.0.2:80"), Self.port("a", "10.0.0.1:80"))
        table.replace(nil, with: both)
        let first = Self.ids(table, both)
        table.replace(both, with: one)
        #expect(Self.ids(table, one)["10.0.0.1"] == first["10.0.0.1"])
        table.replace(one, with: both)
        let again = Self.ids(table, both)
        #expect(again["10.0.0.1"] == first["10.0.0.1"])
        #expect(again["10.0.0.2"] != first["10.0.0.2"])
        #expect(Set(again.values.map { EndpointID.owner(of: $0) }).count == 1)
    }

    @Test("ports share an endpoint's id by Service and not by port")
    func scope() {
        for scope in [Affinity.Scope.service, .servicePort] {
            var table = AffinityTable(seed: 3)
            let (http, dns) = (
                Self.port("a", port: "http", scope: scope, "10.0.0.1:80", "10.0.0.2:80"),
                Self.port("a", port: "dns", scope: scope, "10.0.0.1:53", "10.0.0.2:53")
            )
            table.replace(nil, with: http)
            table.replace(nil, with: dns)
            #expect((Self.ids(table, http) == Self.ids(table, dns)) == (scope == .service))
            // The one that is left keeps them.
            let kept = Self.ids(table, dns)
            table.replace(http, with: nil)
            #expect(Self.ids(table, dns) == kept)
        }
    }

    @Test("a restart keeps the ids in use; newcomers do not get those of what went before")
    func restart() throws {
        var before = AffinityTable(seed: 11)
        let three = Self.port("a", "10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80")
        before.replace(nil, with: three)
        let old = Self.ids(before, three)
        let frontend = try #require(three.frontends.first).key(in: three.key)
        let kept = Self.port("a", "10.0.0.1:80", "10.0.0.2:80")
        let held = try kept.clusterBackends.backends.map {
            (id: try #require(old["\($0.address)"]), backend: $0)
        }
        // Any two runs begin elsewhere: of a thousand, next to none meets what the first gave away.
        var inherited = 0
        for seed in UInt32(1)...1000 {
            var after = AffinityTable(adopted: [frontend: held], ports: [kept], seed: seed &* 2_246_822_519)
            after.replace(nil, with: kept)
            after.finishAdoption()
            #expect(Self.ids(after, kept) == old.filter { $0.key != "10.0.0.3" })
            let grown = Self.port("a", "10.0.0.1:80", "10.0.0.2:80", "10.0.0.4:80")
            after.replace(kept, with: grown)
            if Self.ids(after, grown)["10.0.0.4"] == old["10.0.0.3"] { inherited += 1 }
            let stranger = Self.port("b", "10.0.0.1:80")
            after.replace(nil, with: stranger)
            #expect(Set(Self.ids(after, stranger).values).isDisjoint(with: old.values))
        }
        #expect(inherited <= 3)
    }

    @Test("what nobody takes up is forgotten after the adoption")
    func adoption() throws {
        let port = Self.port("a", "10.0.0.1:80")
        let frontend = try #require(port.frontends.first).key(in: port.key)
        let gone = (id: EndpointID.make(owner: 5, number: 9), backend: Backend.at("10.0.0.9:80"))
        var table = AffinityTable(adopted: [frontend: [gone]], ports: [port], seed: 1)
        table.replace(nil, with: port)
        table.finishAdoption()
        let both = Self.port("a", "10.0.0.1:80", "10.0.0.9:80")
        table.replace(port, with: both)
        #expect(Self.ids(table, both)["10.0.0.9"] != gone.id)
    }
}
