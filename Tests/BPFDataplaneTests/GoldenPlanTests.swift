import BPFDataplane
import DataplaneTesting
import NetworkTypes
import ServiceTable
import Testing

/// Plans of usual steps, write by write.
@Suite struct GoldenPlanTests {
    /// Steps from one table to the next, as text.
    struct Course {
        var table = ServiceTable()
        var planner = BPFMapPlanner()

        mutating func step(_ ports: [ServicePort], node: NodeTable? = nil) -> [String] {
            var next = ServiceTable(node: node ?? table.node)
            for port in ports { next[port.key] = port }
            defer { table = next }
            return planner.plan(next.changes(from: table), family: .ipv4).text
        }
    }

    static let everywhere = OriginVerdicts(
        pod: .balance(.cluster, masquerade: false), node: .balance(.cluster, masquerade: false),
        outside: .balance(.cluster, masquerade: true))

    static func web(
        _ backends: [Backend], name: String = "web", _ transport: TransportProtocol = .tcp, affinity: Affinity? = nil,
        scheduler: Scheduler = .random, lingering: [Backend] = [], at address: String = "10.96.0.10"
    ) -> ServicePort {
        let port = ServicePort.named(
            name, transport, affinity: affinity, scheduler: scheduler, cluster: backends,
            frontends: [.clusterIP(address, 80, backends.isEmpty ? OriginVerdicts(all: .reject) : everywhere)])
        return ServicePort(
            key: port.key, affinity: affinity, scheduler: scheduler, clusterBackends: port.clusterBackends,
            localBackends: port.localBackends, frontends: port.frontends, lingering: lingering)
    }

    static let a = Backend.at("10.0.0.1:80", isLocal: true)
    static let b = Backend.at("10.0.0.2:80")
    static let c = Backend.at("10.0.0.3:80")

    @Test("the first Service: everything it needs, then its set, its frontend, its address")
    func first() {
        var course = Course()
        let plan = course.step(
            [Self.web([Self.a, Self.b])],
            node: NodeTable(
                localDetector: .sourcePrefixes([IPPrefix(.text("10.0.0.0"), length: 24)].compactMap { $0 }),
                nodePortAddresses: [.text("192.168.0.1"), .text("fd00::1")],
                serviceRanges: [IPPrefix("10.96.0.0/16")].compactMap { $0 }))
        #expect(
            plan == [
                "backend 1 = 10.0.0.1:80 weight 1 of service 1 local not-local",
                "backend 2 = 10.0.0.2:80 weight 1 of service 1 not-local",
                "new load 1", "new load 2", "slot 1/0 = 1", "slot 1/1 = 2",
                "set 1 cluster = table 1 of 2 by 0",
                "frontend 10.96.0.10:80/tcp = service 1: cluster, cluster, cluster masqueraded",
                "cluster ip 10.96.0.10", "node address 192.168.0.1", "service range 10.96.0.0/16", "pod range 10.0.0.0/24",
                "detect 1",
            ])
    }

    /// A Service with a and b, and what one more step writes.
    static func after(_ first: ServicePort, _ second: [ServicePort]) -> [String] {
        var course = Course()
        _ = course.step([first])
        return course.step(second)
    }

    @Test("an endpoint more")
    func added() {
        let plan = Self.after(Self.web([Self.a, Self.b]), [Self.web([Self.a, Self.b, Self.c])])
        #expect(
            plan == [
                "backend 3 = 10.0.0.3:80 weight 1 of service 1 not-local", "new load 3", "slot 1/2 = 3",
                "set 1 cluster = table 1 of 3 by 0",
            ])
    }

    @Test("an endpoint less: drained, its slot gone after the grace")
    func removed() {
        let plan = Self.after(Self.web([Self.a, Self.b]), [Self.web([Self.b])])
        #expect(
            plan == [
                "slot 1/0 = 2", "set 1 cluster = table 1 of 1 by 0",
                "backend 1 = 10.0.0.1:80 weight 0 of service 1 local draining", "--", "no slot 1/1", "drained [1]",
            ])
    }

    @Test("an endpoint of UDP less: gone, or drained while it lingers")
    func removedOfUDP() {
        let first = Self.web([Self.a, Self.b], .udp)
        let plan = Self.after(first, [Self.web([Self.a], .udp)])
        #expect(
            plan == [
                "set 1 cluster = table 1 of 1 by 0", "--", "no slot 1/1", "no backend 2", "no load 2", "no counters 2",
            ])
        var course = Course()
        _ = course.step([first])
        let lingering = course.step([Self.web([Self.a], .udp, lingering: [Self.b])])
        #expect(
            lingering == [
                "set 1 cluster = table 1 of 1 by 0", "backend 2 = 10.0.0.2:80 weight 0 of service 1 draining", "--",
                "no slot 1/1", "drained [2]",
            ])
        #expect(course.planner.draining.map(\.isLingering) == [true])
        let gone = course.step([Self.web([Self.a], .udp)])
        #expect(gone == ["--", "no backend 2", "no load 2", "no counters 2"])
        #expect(course.planner.draining == [])
    }

    @Test("an endpoint replaced: its slot in place")
    func replaced() {
        let plan = Self.after(Self.web([Self.a, Self.b]), [Self.web([Self.a, Self.c])])
        #expect(
            plan == [
                "backend 3 = 10.0.0.3:80 weight 1 of service 1 not-local", "new load 3", "slot 1/1 = 3",
                "backend 2 = 10.0.0.2:80 weight 0 of service 1 draining", "drained [2]",
            ])
    }

    @Test("a backend that comes back while it drains keeps its id; one that was retired does not")
    func revived() {
        var course = Course()
        _ = course.step([Self.web([Self.a, Self.b])])
        _ = course.step([Self.web([Self.a])])
        let back = course.step([Self.web([Self.a, Self.b])])
        #expect(
            back == [
                "backend 2 = 10.0.0.2:80 weight 1 of service 1 not-local", "slot 1/1 = 2",
                "set 1 cluster = table 1 of 2 by 0", "revived [2]",
            ])
        #expect(course.planner.retire(backends: [1, 2, 99]).isEmpty)
        _ = course.step([Self.web([Self.a])])
        let retired = course.planner.retire(backends: [2]).text
        #expect(retired == ["--", "no backend 2", "no load 2", "no counters 2"])
        let anew = course.step([Self.web([Self.a, Self.b])])
        #expect(anew.contains("backend 3 = 10.0.0.2:80 weight 1 of service 1 not-local"))
    }

    @Test("a weight: another sequence of slots in a table of its own; where the kernel compares, the backend alone")
    func weights() {
        let heavy = Backend.at("10.0.0.2:80", weight: 2)
        let plan = Self.after(Self.web([Self.a, Self.b]), [Self.web([Self.a, heavy])])
        #expect(
            plan == [
                "backend 2 = 10.0.0.2:80 weight 2 of service 1 not-local", "slot 2/0 = 1", "slot 2/1 = 2", "slot 2/2 = 2",
                "set 1 cluster = table 2 of 3 by 0", "--", "no slot 1/0", "no slot 1/1",
            ])
        let compared = Self.after(
            Self.web([Self.a, Self.b], scheduler: .leastConnections), [Self.web([Self.a, heavy], scheduler: .leastConnections)])
        #expect(compared == ["backend 2 = 10.0.0.2:80 weight 2 of service 1 not-local"])
    }

    @Test("weight 0: out of the slots, then the backend, which does not drain")
    func noWeight() {
        let off = Backend.at("10.0.0.2:80", weight: 0)
        let plan = Self.after(Self.web([Self.a, Self.b]), [Self.web([Self.a, off])])
        #expect(
            plan == [
                "set 1 cluster = table 1 of 1 by 0", "backend 2 = 10.0.0.2:80 weight 0 of service 1 not-local", "--",
                "no slot 1/1",
            ])
    }

    @Test("another scheduler: the set, and a cursor where turns are taken")
    func scheduler() {
        let plan = Self.after(Self.web([Self.a, Self.b]), [Self.web([Self.a, Self.b], scheduler: .roundRobin)])
        #expect(plan == ["new cursor 1 cluster", "set 1 cluster = table 1 of 2 by 1"])
        let back = Self.after(Self.web([Self.a, Self.b], scheduler: .roundRobin), [Self.web([Self.a, Self.b], scheduler: .neverQueue)])
        #expect(back == ["set 1 cluster = table 1 of 2 by 8", "--", "no cursor 1 cluster"])
    }

    @Test("Maglev: a table of its own; an endpoint replaced changes its slots and few others")
    func maglev() throws {
        var course = Course()
        let backends = (1...5).map { Backend.at("10.0.0.\($0):80") }
        let first = course.step([Self.web(backends, scheduler: .maglev)])
        #expect(first.count == 5 + 5 + 809 + 3)
        let second = course.step([Self.web(Array(backends[..<4]) + [.at("10.0.0.9:80")], scheduler: .maglev)])
        let slots = second.count { $0.hasPrefix("slot 1/") }
        #expect(slots >= 160 && slots < 330, "\(slots)")
        #expect(second.count == slots + 4)
    }

    @Test("affinity: the set tells who remembers")
    func affinity() {
        let plan = Self.after(
            Self.web([Self.a]), [Self.web([Self.a], affinity: Affinity(timeoutSeconds: 10800))])
        #expect(plan == ["set 1 cluster = table 1 of 1 by 0, 10800 s for owner 1"])
        // Another owner after it was off: what was remembered before is not believed.
        var course = Course()
        _ = course.step([Self.web([Self.a], affinity: Affinity(timeoutSeconds: 60))])
        _ = course.step([Self.web([Self.a])])
        let again = course.step([Self.web([Self.a], affinity: Affinity(timeoutSeconds: 60))])
        #expect(again == ["set 1 cluster = table 1 of 1 by 0, 60 s for owner 2"])
    }

    @Test("affinity of a whole Service: one owner, and backends by address")
    func affinityOfService() {
        let affinity = Affinity(scope: .service, timeoutSeconds: 60)
        let ports = [("http", PortNumber(integerLiteral: 80)), ("https", 443)].map { name, number in
            ServicePort.named(
                "web", port: name, affinity: affinity, cluster: [.at("10.0.0.1:\(number)")],
                frontends: [.clusterIP("10.96.0.10", number, Self.everywhere)])
        }
        var course = Course()
        let plan = course.step(ports)
        #expect(
            plan == [
                "backend 1 = 10.0.0.1:80 weight 1 of service 1 not-local",
                "backend 2 = 10.0.0.1:443 weight 1 of service 2 not-local", "new load 1", "new load 2",
                "sibling 1 10.0.0.1 = 1", "sibling 2 10.0.0.1 = 2", "slot 1/0 = 1", "slot 2/0 = 2",
                "set 1 cluster = table 1 of 1 by 0, 60 s for owner 1",
                "set 2 cluster = table 2 of 1 by 0, 60 s for owner 1",
                "frontend 10.96.0.10:80/tcp = service 1: cluster masqueraded, cluster, cluster masqueraded",
                "frontend 10.96.0.10:443/tcp = service 2: cluster masqueraded, cluster, cluster masqueraded", "cluster ip 10.96.0.10",
            ])
        let one = course.step([ports[0]])
        #expect(
            one == [
                "no frontend 10.96.0.10:443/tcp", "no set 2 cluster",
                "backend 2 = 10.0.0.1:443 weight 0 of service 2 draining", "--", "no slot 2/0", "no sibling 2 10.0.0.1",
                "drained [2]",
            ])
    }

    @Test("source ranges: equal lists share a number; the frontend before its old ranges go")
    func sources() {
        func restricted(_ name: String, _ address: String, _ ranges: [String]?) -> ServicePort {
            .named(
                name, cluster: [Self.a],
                frontends: [.loadBalancerIP(address, 80, Self.everywhere, from: ranges?.compactMap { IPPrefix($0) })])
        }
        var course = Course()
        let first = course.step([
            restricted("one", "203.0.113.1", ["198.51.100.0/24"]), restricted("two", "203.0.113.2", ["198.51.100.0/24"]),
        ])
        #expect(first.filter { $0.hasPrefix("source") } == ["source 1 198.51.100.0/24"])
        #expect(first.filter { $0.contains("from 1:") }.count == 2)
        let second = course.step([
            restricted("one", "203.0.113.1", ["198.51.100.0/25"]), restricted("two", "203.0.113.2", []),
        ])
        #expect(
            second == [
                "source 2 198.51.100.0/25",
                "frontend 203.0.113.1:80/tcp = service 1 from 2: cluster masqueraded, cluster, cluster masqueraded",
                "frontend 203.0.113.2:80/tcp = service 2 from 3: cluster masqueraded, cluster, cluster masqueraded", "--",
                "no source 1 198.51.100.0/24",
            ])
    }

    @Test("a frontend taken over by another Service is written once")
    func takenOver() {
        let plan = Self.after(Self.web([Self.a]), [Self.web([Self.b], name: "api")])
        #expect(
            plan == [
                "backend 2 = 10.0.0.2:80 weight 1 of service 2 not-local", "new load 2", "slot 2/0 = 2",
                "set 2 cluster = table 2 of 1 by 0",
                "frontend 10.96.0.10:80/tcp = service 2: cluster masqueraded, cluster, cluster masqueraded", "no set 1 cluster",
                "backend 1 = 10.0.0.1:80 weight 0 of service 1 local draining", "--", "no slot 1/0", "drained [1]",
            ])
    }

    @Test("the last endpoint gone: refused before the set goes")
    func lastEndpoint() {
        let plan = Self.after(Self.web([Self.a]), [Self.web([])])
        #expect(
            plan == [
                "frontend 10.96.0.10:80/tcp = service 1: reject, reject, reject", "no set 1 cluster",
                "backend 1 = 10.0.0.1:80 weight 0 of service 1 local draining", "--", "no slot 1/0", "drained [1]",
            ])
    }

    @Test("deleted: its address and frontend, then what they led to; what drains is retired")
    func deleted() {
        var course = Course()
        _ = course.step([Self.web([Self.a], scheduler: .weightedRoundRobin)])
        let plan = course.step([])
        #expect(
            plan == [
                "no cluster ip 10.96.0.10", "no frontend 10.96.0.10:80/tcp", "no set 1 cluster",
                "backend 1 = 10.0.0.1:80 weight 0 of service 1 local draining", "--", "no cursor 1 cluster", "no slot 1/0",
                "drained [1]",
            ])
        #expect(
            course.planner.draining == [
                BPFDrainingBackend(id: 1, address: .text("10.0.0.1"), port: 80, protocol: .tcp, isLingering: false)
            ])
        let retired = course.planner.retire(backends: [1]).text
        #expect(retired == ["--", "no backend 1", "no load 1", "no counters 1"])
        #expect(course.planner.draining == [])
    }

    @Test("pods that cannot be told are treated as others are")
    func podsNotTold() {
        let port = ServicePort.named(
            "web", cluster: [Self.a],
            frontends: [.nodePort(30080, OriginVerdicts(pod: .drop, node: .reject, outside: .balance(.cluster, masquerade: true)))])
        var course = Course()
        let first = course.step([port], node: NodeTable(localDetector: .sourcePrefixes([IPPrefix("fd00::/64")].compactMap { $0 })))
        #expect(first.contains("frontend nodeport 30080/tcp IPv4 = service 1: cluster masqueraded, reject, cluster masqueraded"))
        #expect(first.last == "detect 1")
        let second = course.step([port], node: NodeTable(localDetector: .interface("br0")))
        #expect(second == ["frontend nodeport 30080/tcp IPv4 = service 1: drop, reject, cluster masqueraded", "detect 2"])
    }
}
