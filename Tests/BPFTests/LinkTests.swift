import BPF
import BPFTesting
import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Testing

/// Programs at a cgroup of the test's own.
@Suite(.enabled(if: Requirement.root, "needs root"))
struct LinkTests {
    /// What a connected UDP socket gets from inside the cgroup: nil when it is let through.
    private static func connect(_ group: TestCgroup) async throws -> Errno? {
        let address = try #require(IPAddress("127.0.0.1"))
        let failure = try await group.inside { () -> Int32 in
            let socket = try Socket(.datagram, .ipv4)
            do throws(Errno) { _ = try socket.connect(to: SocketAddress(address, port: 9)) } catch { return error.rawValue }
            return 0
        }
        return failure == 0 ? nil : Errno(rawValue: failure)
    }

    /// EPERM, which a program's 0 means.
    private static let refused = Errno(rawValue: 1)

    @Test("A pinned link outlives its owner, its program is replaced, and detached it acts no more")
    func life() async throws {
        let pins = try TemporaryPins()
        let group = try TestCgroup()
        let pin = "\(pins.path)/link"
        do {
            let object = try BPFPrograms.loaded()
            let link = try BPFLink(attaching: try object.program("connect_refusing"), toCgroup: group.path)
            try link.pin(at: pin)
        }
        let first = try await Self.connect(group)
        #expect(first == Self.refused)

        let passing = try BPFPrograms.loaded().program("connect_passing")
        let passingID = passing.identity.id
        try BPFLink(opening: pin).update(to: passing)
        let second = try await Self.connect(group)
        #expect(second == nil)
        let identity = try BPFLink(opening: pin).identity()
        #expect(identity.programID == passingID)
        #expect(identity.attachType == .connect4)
        #expect(identity.cgroupID != 0)

        try BPFLink(opening: pin).update(to: try BPFPrograms.loaded().program("connect_refusing"))
        try BPFLink(opening: pin).detach()
        let third = try await Self.connect(group)
        #expect(third == nil)
        let detached = try BPFLink(opening: pin).identity()
        #expect(detached.cgroupID == 0)
    }

    @Test("A program runs only for its cgroup, and only for as long as its link is there")
    func scope() async throws {
        let (group, other) = (try TestCgroup(), try TestCgroup())
        do {
            let object = try BPFPrograms.loaded()
            let link = try BPFLink(attaching: try object.program("connect_refusing"), toCgroup: group.path)
            let inside = try await Self.connect(group)
            #expect(inside == Self.refused)
            let outside = try await Self.connect(other)
            #expect(outside == nil)
            _ = try link.identity()
        }
        // A child that another test has just forked holds a copy of the descriptor until it runs its program.
        let deadline = ContinuousClock.now + .seconds(20)
        var afterwards = try await Self.connect(group)
        while afterwards != nil, ContinuousClock.now < deadline { afterwards = try await Self.connect(group) }
        #expect(afterwards == nil)
    }

    @Test("What cannot be attached says what and where")
    func failures() throws {
        let group = try TestCgroup()
        let object = try BPFPrograms.loaded()
        let program = try object.program("connect_passing")
        let missing = #expect(throws: BPFError.self) { try _ = BPFLink(attaching: program, toCgroup: "\(group.path)/none") }
        #expect(missing?.code == .notFound)
        let wrong = #expect(throws: BPFError.self) { try _ = BPFLink(attaching: program, toCgroup: group.path, as: .sendmsg6) }
        #expect(wrong?.errno != 0)
        #expect(wrong?.doing.contains(group.path) == true)
    }
}
