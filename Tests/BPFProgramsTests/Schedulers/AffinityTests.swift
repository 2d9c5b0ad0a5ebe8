import BPF
import CBPFMaps
import NetworkNamespaceTesting
import Testing

/// What the kernel remembers of clients. Schedulers choose in turn here: who is not remembered is sent on.
@Suite(.enabled(if: Requirement.root, "needs root"))
struct AffinityTests {
    private func service(
        _ id: UInt32 = 1, first: UInt32 = 1, owner: UInt32? = nil, hasSiblings: Bool = false
    ) -> TestService {
        let backends = (0..<5).map { TestBackend(id: first + $0, address: "10.0.1.\($0)", flags: UInt32(FW_BACKEND_LOCAL)) }
        return TestService(
            id: id, backends: backends, affinitySeconds: 60, affinityOwner: owner, hasSiblings: hasSiblings)
    }

    private func key(_ client: String, owner: UInt32 = 1) -> fw_affinity_key {
        fw_affinity_key(owner: owner, client: fw_address(client))
    }

    @Test("A client stays, others are balanced")
    func stays() throws {
        let probe = try ChoiceProbe()
        try probe.maps.write(service())
        let clients = ["10.0.0.1", "10.0.0.2", "fd00::3"]
        for _ in 0..<20 {
            let chosen = try clients.map { try probe.choice(from: $0) }
            #expect(chosen == [1, 2, 3])
        }
        #expect(try probe.maps.affinity.count() == 3)
    }

    @Test("Without affinity nobody is remembered")
    func none() throws {
        let probe = try ChoiceProbe()
        var service = service()
        service.affinitySeconds = 0
        try probe.maps.write(service)
        #expect(try [probe.choice(), probe.choice()] == [1, 2])
        #expect(try probe.maps.affinity.count() == 0)
    }

    @Test("A client is forgotten when the time since its last connection is over")
    func expires() throws {
        let probe = try ChoiceProbe()
        try probe.maps.write(service())
        #expect(try probe.choice() == 1)
        for (secondsAgo, expected) in [(58, 1), (58, 1), (61, 2), (0, 2)] as [(UInt64, UInt32)] {
            var memory = try #require(try probe.maps.affinity.lookup(key("10.0.0.1")))
            memory.seen -= secondsAgo * 1_000_000_000
            try probe.maps.affinity.update(key("10.0.0.1"), memory)
            let chosen = try probe.choice()
            #expect(chosen == expected)
            let renewed = try #require(try probe.maps.affinity.lookup(key("10.0.0.1")))
            #expect(renewed.seen > memory.seen && renewed.backend == expected)
        }
    }

    @Test("A client does not stick to a backend that takes no connections", arguments: ["gone", "draining", "no weight"])
    func forgets(_ what: String) throws {
        let probe = try ChoiceProbe()
        let service = service()
        try probe.maps.write(service)
        #expect(try probe.choice() == 1)
        switch what {
        case "gone": try probe.maps.backends.delete(1)
        case "draining":
            try probe.maps.write(
                TestBackend(id: 1, flags: UInt32(FW_BACKEND_LOCAL | FW_BACKEND_DRAINING)), of: service)
        default: try probe.maps.write(TestBackend(id: 1, weight: 0, flags: UInt32(FW_BACKEND_LOCAL)), of: service)
        }
        #expect(try [probe.choice(), probe.choice()] == [2, 2])
        #expect(try probe.maps.affinity.lookup(key("10.0.0.1"))?.backend == 2)
    }

    @Test("Nothing is remembered when nothing can be chosen")
    func forgetsTheLast() throws {
        let probe = try ChoiceProbe()
        try probe.maps.write(service())
        #expect(try probe.choice() == 1)
        for backend in 1...5 { try probe.maps.backends.delete(UInt32(backend)) }
        #expect(try probe.choice() == 0)
        #expect(try probe.maps.affinity.count() == 0)
    }

    @Test("Service ports with owners of their own remember apart")
    func owners() throws {
        let probe = try ChoiceProbe()
        try probe.maps.write(service(1))
        try probe.maps.write(service(2, first: 11))
        _ = try probe.choice(of: 2, from: "10.0.0.9")
        #expect(try [probe.choice(of: 1), probe.choice(of: 2), probe.choice(of: 1), probe.choice(of: 2)] == [1, 12, 1, 12])
    }

    @Test("Ports of a Service with one owner send a client to the same endpoint")
    func wholeService() throws {
        let probe = try ChoiceProbe()
        for (id, first) in [(1, 1), (2, 11), (3, 21)] as [(UInt32, UInt32)] {
            try probe.maps.write(service(id, first: first, owner: 900, hasSiblings: true))
        }
        _ = try probe.choice(of: 1, from: "10.0.0.9")
        for _ in 0..<5 {
            let chosen = try [probe.choice(of: 1), probe.choice(of: 2), probe.choice(of: 3)]
            #expect(chosen == [2, 12, 22])
        }
    }

    @Test("An endpoint that is not behind the other port is not forced there")
    func noSibling() throws {
        let probe = try ChoiceProbe()
        try probe.maps.write(service(1, owner: 900, hasSiblings: true))
        var other = service(2, first: 11, owner: 900, hasSiblings: true)
        other.backends.removeFirst()
        try probe.maps.write(other)
        #expect(try probe.choice(of: 1) == 1)
        // From now on the client is where it finds both.
        #expect(try [probe.choice(of: 2), probe.choice(of: 1), probe.choice(of: 2)] == [12, 2, 12])
    }

    @Test("A client does not come back to a backend by a set that it is not in")
    func scopes() throws {
        let probe = try ChoiceProbe()
        var service = service()
        service.backends[0].flags = UInt32(FW_BACKEND_LOCAL | FW_BACKEND_NOT_CLUSTER_SET)
        service.backends[1].flags = 0
        try probe.maps.write(service)
        #expect(try probe.choice(scope: FW_LOCAL) == 1)
        #expect(try probe.choice(scope: FW_LOCAL) == 1)
        // In turn, of the other scope: its first slot has the same backend, which a planner would not write.
        _ = try probe.choice(scope: FW_CLUSTER, from: "10.0.0.9")
        #expect(try probe.choice(scope: FW_CLUSTER) == 2)
        // Not of this node: the local set's next slot it is.
        _ = try probe.choice(scope: FW_LOCAL, from: "10.0.0.8")
        #expect(try probe.choice(scope: FW_LOCAL) == 3)
    }
}
