import LinuxSystem
import Netlink
import NetworkNamespaceTesting
import NetworkTypes
import Testing

/// ctnetlink against the real kernel, its results held against `conntrack -L`.
@Suite(
    .enabled(if: Requirement.root, "needs root: makes network namespaces"),
    .enabled(if: Requirement.tool("conntrack"), "needs conntrack"), .timeLimit(.minutes(1)))
struct ConntrackSocketTests {
    private static func address(_ text: String) -> IPAddress {
        guard let address = IPAddress(text) else { preconditionFailure("no address: \(text)") }
        return address
    }

    /// A flow from client `number` to the frontend that really goes to the pod.
    private static func flow(
        _ protocol: TransportProtocol, _ number: UInt16, to frontend: String, _ port: UInt16, pod: String,
        status: ConntrackStatus = .seenReply
    ) -> ConntrackEntry {
        let isV4 = address(frontend).family == .ipv4
        let client = address(isV4 ? "192.0.2.2" : "2001:db8::2")
        let original = ConntrackTuple(
            source: client, sourcePort: number, destination: address(frontend), destinationPort: port)
        let reply = ConntrackTuple(
            source: address(pod), sourcePort: 8080, destination: client, destinationPort: number)
        return ConntrackEntry(`protocol`, original: original, reply: reply, status: status, timeoutSeconds: 600)
    }

    private static let some = [
        flow(.udp, 1001, to: "10.96.0.1", 53, pod: "10.244.0.10"),
        flow(.udp, 1002, to: "10.96.0.1", 53, pod: "10.244.0.11", status: []),
        flow(.udp, 1003, to: "10.96.0.1", 54, pod: "10.244.0.10"),
        flow(.udp, 1004, to: "10.96.0.2", 53, pod: "10.244.0.10"),
        flow(.sctp, 1005, to: "10.96.0.1", 53, pod: "10.244.0.10"),
        flow(.tcp, 1006, to: "10.96.0.1", 53, pod: "10.244.0.10"),
        flow(.udp, 1007, to: "fd00:96::1", 53, pod: "fd00:244::10"),
    ]

    private static func list(_ socket: borrowing ConntrackSocket, _ filter: ConntrackFilter) throws -> [UInt16] {
        var ports: [UInt16] = []
        try socket.forEachEntry(matching: filter, restart: { ports = [] }) { ports.append($0.original.sourcePort) }
        return ports.sorted()
    }

    /// Client ports that `conntrack -L` lists.
    private static func listed(_ arguments: String...) throws -> [UInt16] {
        try run("conntrack", arguments: ["-L"] + arguments).split(separator: "\n").compactMap { line in
            line.split(separator: " ").first { $0.hasPrefix("sport=") }.flatMap { UInt16($0.dropFirst(6)) }
        }.sorted()
    }

    @Test("inserted entries are read back as they were, and listed by conntrack")
    func roundTrip() async throws {
        let (read, ports, count) = try await inNetworkNamespace {
            let socket = try ConntrackSocket()
            try socket.insert(Self.some)
            var read: [ConntrackEntry] = []
            for family in IPFamily.allCases {
                try socket.forEachEntry(matching: ConntrackFilter(family: family)) { read.append($0) }
            }
            let ports = try Self.listed("-f", "ipv4") + Self.listed("-f", "ipv6")
            return (read, ports, try socket.count())
        }
        #expect(ports == [1001, 1002, 1003, 1004, 1005, 1006, 1007])
        #expect(count == 7)
        #expect(Set(read.map(\.id)).count == 7 && !read.contains { $0.id == 0 })
        for entry in Self.some {
            let found = try #require(read.first { $0.original == entry.original && $0.protocol == entry.protocol })
            #expect(found.reply == entry.reply)
            #expect(found.status == entry.status.union(.confirmed))
            #expect((590...600).contains(found.timeoutSeconds))
        }
    }

    @Test("the kernel narrows a dump down by destination, protocol, port, reply source and status")
    func filters() async throws {
        let answers = try await inNetworkNamespace {
            let socket = try ConntrackSocket()
            try socket.insert(Self.some)
            let vip = Self.address("10.96.0.1")
            var unanswered = ConntrackFilter(family: .ipv4)
            unanswered.status = ([], .seenReply)
            return try [
                Self.list(socket, ConntrackFilter(family: .ipv4, protocol: .udp, destination: vip, destinationPort: 53)),
                Self.list(socket, ConntrackFilter(family: .ipv4, protocol: .udp, destinationPort: 53)),
                Self.list(socket, ConntrackFilter(family: .ipv4, destination: vip)),
                Self.list(socket, ConntrackFilter(family: .ipv4, replySource: Self.address("10.244.0.11"))),
                Self.list(socket, unanswered),
                Self.list(socket, ConntrackFilter(family: .ipv6, protocol: .udp, destination: Self.address("fd00:96::1"))),
                Self.list(socket, ConntrackFilter(family: .ipv6, protocol: .udp, destinationPort: 54)),
                Self.list(socket, ConntrackFilter(family: .ipv4, protocol: .sctp, destination: vip)),
            ]
        }
        #expect(answers[0] == [1001, 1002])
        #expect(answers[1] == [1001, 1002, 1004])
        #expect(answers[2] == [1001, 1002, 1003, 1005, 1006])
        #expect(answers[3] == [1002])
        #expect(answers[4] == [1002])
        #expect(answers[5] == [1007])
        #expect(answers[6] == [])
        #expect(answers[7] == [1005])
    }

    @Test("this kernel filters dumps by tuple, and the probe reads nothing")
    func probe() async throws {
        #expect(try await inNetworkNamespace { try ConntrackSocket().filtersByTuple() })
    }

    @Test("deleting takes just the entries named, and counts those that were there")
    func deletion() async throws {
        let (deleted, again, left) = try await inNetworkNamespace {
            let socket = try ConntrackSocket()
            try socket.insert(Self.some)
            let victims = [Self.some[0], Self.some[4], Self.some[6]]
            let deleted = try socket.delete(victims)
            let again = try socket.delete(victims + [Self.some[1]])
            return (deleted, again, try Self.listed("-f", "ipv4") + Self.listed("-f", "ipv6"))
        }
        #expect(deleted == 3)
        #expect(again == 1)
        #expect(left == [1003, 1004, 1006])
    }

    @Test("an entry that took the place of another is not deleted in its stead")
    func identity() async throws {
        let (deleted, left) = try await inNetworkNamespace {
            let socket = try ConntrackSocket()
            try socket.insert(Self.some.prefix(1))
            var old: [ConntrackEntry] = []
            try socket.forEachEntry(matching: ConntrackFilter(family: .ipv4)) { old.append($0) }
            for index in old.indices { old[index].id ^= 0x5555 }
            return (try socket.delete(old), try socket.count())
        }
        #expect(deleted == 0)
        #expect(left == 1)
    }

    @Test("a filtered delete takes everything that matches and nothing else")
    func filteredDelete() async throws {
        let left = try await inNetworkNamespace {
            let socket = try ConntrackSocket()
            try socket.insert(Self.some)
            try socket.deleteAll(
                matching: ConntrackFilter(
                    family: .ipv4, protocol: .udp, destination: Self.address("10.96.0.1"), destinationPort: 53))
            try socket.deleteAll(matching: ConntrackFilter(family: .ipv4, replySource: Self.address("10.244.0.11")))
            return try Self.listed("-f", "ipv4") + Self.listed("-f", "ipv6")
        }
        #expect(left == [1003, 1004, 1005, 1006, 1007])
    }

    @Test("a filtered delete by IPv6 address is refused, for the kernel would take the others")
    func filteredDeleteOfIPv6() async throws {
        let (code, count) = try await inNetworkNamespace { () -> (NetlinkError.Code?, Int) in
            let socket = try ConntrackSocket()
            try socket.insert(Self.some)
            do throws(NetlinkError) {
                try socket.deleteAll(matching: ConntrackFilter(family: .ipv6, destination: Self.address("fd00:96::9")))
                return (nil, try socket.count())
            } catch {
                return (error.code, try socket.count())
            }
        }
        #expect(code == .unsupported)
        #expect(count == 7)
    }

    @Test("a tuple that is taken is refused by name")
    func taken() async throws {
        let error = try await inNetworkNamespace { () -> NetlinkError? in
            let socket = try ConntrackSocket()
            try socket.insert(Self.some)
            do throws(NetlinkError) {
                try socket.insert(Self.some.suffix(1))
                return nil
            } catch {
                return error
            }
        }
        #expect(error?.code == .exists)
        #expect(error?.object?.contains("dst=fd00:96::1 sport=1007") == true, "\(String(describing: error))")
    }
}
