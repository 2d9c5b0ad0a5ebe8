import LinuxSystem
import Netlink
import NetworkTypes
import Testing

private let table = NftablesTable(family: .ip, name: "fairway")

/// Reads events up to and with the next generation, or an overflow.
private func commitEvents(_ monitor: inout NftablesMonitor) throws -> [NftablesEvent] {
    var events: [NftablesEvent] = []
    while let next = try monitor.next() {
        events += next
        for event in next {
            switch event {
            case .generation, .overflow: return events
            case .changed: break
            }
        }
    }
    return events
}

@Suite(.timeLimit(.minutes(1))) struct NftablesMonitorTests {
    @Test("a commit of ours is seen with our port id, a foreign one with its process")
    func ownAndForeign() async throws {
        try await inNetworkNamespace {
            var monitor = try NftablesMonitor(stop: NetlinkStop())
            let socket = try NftablesSocket()
            let layout = ServiceLayout(.ip)
            try layout.commit(over: socket)
            let own = try commitEvents(&monitor)
            let id = socket.portID
            #expect(own.first == .changed(.table, isRemoval: false, family: 2, table: "fw", name: nil, by: id))
            #expect(own.contains(.changed(.chain, isRemoval: false, family: 2, table: "fw", name: "lb-3", by: id)))
            #expect(own.contains(.changed(.rule, isRemoval: false, family: 2, table: "fw", name: "lb-3", by: id)))
            #expect(own.contains(.changed(.set, isRemoval: false, family: 2, table: "fw", name: "endpoints", by: id)))
            #expect(
                own.filter { $0 == .changed(.elements, isRemoval: false, family: 2, table: "fw", name: "endpoints", by: id) }
                    .count == 1)
            guard case .generation(let generation, _, _, id) = own.last else {
                Issue.record("no generation: \(own)")
                return
            }
            #expect(try socket.generation() == generation)

            try nftLoad("flush chain ip fw more; delete map ip fw marks; add table inet theirs")
            let foreign = try commitEvents(&monitor)
            guard case .generation(generation + 1, _, "nft", let other) = foreign.last else {
                Issue.record("no generation: \(foreign)")
                return
            }
            #expect(other != id)
            #expect(
                foreign.contains(.changed(.rule, isRemoval: true, family: 2, table: "fw", name: "more", by: other)))
            #expect(foreign.contains(.changed(.set, isRemoval: true, family: 2, table: "fw", name: "marks", by: other)))
            #expect(foreign.contains(.changed(.table, isRemoval: false, family: 1, table: "theirs", name: nil, by: other)))
        }
    }

    @Test("changes of an ignored socket are left out, its generations are not")
    func ignoredPort() async throws {
        try await inNetworkNamespace {
            let socket = try NftablesSocket()
            var monitor = try NftablesMonitor(stop: NetlinkStop(), ignoredPortID: socket.portID)
            try ServiceLayout(.ip6).commit(over: socket)
            let events = try commitEvents(&monitor)
            #expect(events.count == 1)
            guard case .generation = events.first else {
                Issue.record("\(events)")
                return
            }
        }
    }

    @Test("a queue too small for a sync overflows once, and the monitor goes on")
    func overflow() async throws {
        try await inNetworkNamespace {
            var monitor = try NftablesMonitor(stop: NetlinkStop(), receiveQueueBytes: 4096)
            let socket = try NftablesSocket()
            let endpoints = ServiceLayout(.ip).endpoints
            var batch = NftablesBatch()
            try batch.addTable(table)
            try batch.addSet(endpoints, to: table)
            try batch.addElements(endpointElements(0..<50_000), to: endpoints, in: table)
            try socket.commit(batch)
            var sawOverflow = false
            while !sawOverflow, let events = try monitor.next() { sawOverflow = events.contains(.overflow) }
            #expect(sawOverflow)
            var next = NftablesBatch()
            try next.addChain(NftablesChain("after"), to: table)
            try socket.commit(next)
            let expected = NftablesEvent.changed(
                .chain, isRemoval: false, family: 2, table: "fairway", name: "after", by: socket.portID)
            var sawChain = false
            while !sawChain, let events = try monitor.next() { sawChain = events.contains(expected) }
            #expect(sawChain)
        }
    }

    @Test("changes of an ignored socket do not fill the queue either")
    func ignoredPortFillsNothing() async throws {
        let (events, own) = try await inNetworkNamespace {
            let socket = try NftablesSocket()
            var monitor = try NftablesMonitor(
                stop: NetlinkStop(), ignoredPortID: socket.portID, receiveQueueBytes: 32 << 10)
            let endpoints = ServiceLayout(.ip).endpoints
            var batch = NftablesBatch()
            try batch.addTable(table)
            try batch.addSet(endpoints, to: table)
            try batch.addElements(endpointElements(0..<50_000), to: endpoints, in: table)
            try socket.commit(batch)
            try nftLoad("add chain ip fairway theirs")
            return (try commitEvents(&monitor) + commitEvents(&monitor), socket.portID)
        }
        guard case .generation(_, _, _, own) = events.first, case .generation(_, _, "nft", _) = events.last else {
            Issue.record("\(events)")
            return
        }
        #expect(events.count == 3, "\(events)")
    }

    @Test("what is queued is read without waiting, and waiting for commits is no commit")
    func queued() async throws {
        let (before, after, first, second) = try await inNetworkNamespace {
            var monitor = try NftablesMonitor()
            let socket = try NftablesSocket()
            let first = try monitor.queued()
            try ServiceLayout(.ip).commit(over: socket)
            let before = try socket.generation()
            try socket.awaitCommits()
            return (before, try socket.generation(), first, try monitor.queued())
        }
        #expect(before == after)
        #expect(first == nil)
        #expect(second?.isEmpty == false)
    }

    @Test("stopping ends the wait")
    func stopping() async throws {
        let stop = try NetlinkStop()
        async let ended: Bool = inNetworkNamespace {
            var monitor = try NftablesMonitor(stop: stop)
            return try monitor.next() == nil
        }
        stop.signal()
        #expect(try await ended)
    }
}
