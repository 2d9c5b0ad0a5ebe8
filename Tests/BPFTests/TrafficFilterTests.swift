import BPF
import BPFTesting
import LinuxSystem
import NetworkNamespaceTesting
import Testing

/// tc programs on the loopback interface of a network namespace of the test's own.
@Suite(.enabled(if: Requirement.root && Requirement.tool("tc"), "needs root and tc"))
struct TrafficFilterTests {
    private static let loopback: UInt32 = 1
    private static let hooks = TrafficHook.Direction.allCases.map { TrafficHook(interfaceIndex: loopback, $0) }
    private static let place = TrafficFilterPlace(priority: 20, handle: 0xfa1)

    @Test("A program is attached, replaced in its place, told, and detached; a qdisc that is empty then goes")
    func life() async throws {
        let namespace = try TestNetwork().addNamespace("tc")
        try await namespace.inside {
            let object = try BPFPrograms.loaded()
            let passing = try object.program("passing")
            let dropping = try object.program("dropping")
            let wanted = dropping.identity.id
            let made = try TrafficFilter.ensureQdisc(interfaceIndex: Self.loopback)
            let again = try TrafficFilter.ensureQdisc(interfaceIndex: Self.loopback)
            #expect(made && !again)
            for hook in Self.hooks {
                try TrafficFilter.attach(passing, to: hook, at: Self.place)
                try TrafficFilter.attach(dropping, to: hook, at: Self.place) { $0 == "passing" }
                let found = try TrafficFilter.query(hook, at: Self.place)
                #expect(found?.programID == wanted)
                #expect(found?.name == "dropping")
            }
            let early = try TrafficFilter.removeQdiscIfEmpty(interfaceIndex: Self.loopback)
            #expect(!early)
            for hook in Self.hooks {
                let removed = try TrafficFilter.detach(from: hook, at: Self.place) { $0 == "dropping" }
                let twice = try TrafficFilter.detach(from: hook, at: Self.place) { $0 == "dropping" }
                #expect(removed && !twice)
                let gone = try TrafficFilter.query(hook, at: Self.place)
                #expect(gone == nil)
            }
            let late = try TrafficFilter.removeQdiscIfEmpty(interfaceIndex: Self.loopback)
            let none = try TrafficFilter.removeQdiscIfEmpty(interfaceIndex: Self.loopback)
            #expect(late && !none)
        }
    }

    @Test("Others' filters stay as they are, and keep the qdisc")
    func foreign() async throws {
        let network = TestNetwork()
        let namespace = try network.addNamespace("tc")
        let rule = ["tc", "filter", "add", "dev", "lo", "egress", "prio", "7", "handle", "1", "bpf"]
        // A program of the older kind that matches nothing.
        let bytecode = ["bytecode", "1,6 0 0 0", "flowid", "1:1"]
        for command in [["tc", "qdisc", "add", "dev", "lo", "clsact"], rule + bytecode] {
            let output = try await namespace.run(command)
            try #require(output.status.isSuccess, "\(output)")
        }
        let before = try await namespace.run(["tc", "filter", "show", "dev", "lo", "egress"]).standardOutput
        try await namespace.inside {
            let object = try BPFPrograms.loaded()
            let passing = try object.program("passing")
            let dropping = try object.program("dropping")
            let made = try TrafficFilter.ensureQdisc(interfaceIndex: Self.loopback)
            #expect(!made)
            let hook = TrafficHook(interfaceIndex: Self.loopback, .egress)
            try TrafficFilter.attach(passing, to: hook, at: Self.place)
            let occupied = #expect(throws: BPFError.self) {
                try TrafficFilter.attach(dropping, to: hook, at: Self.place)
            }
            #expect(occupied?.code == .occupied)
            let kept = #expect(throws: BPFError.self) {
                try TrafficFilter.detach(from: hook, at: Self.place) { $0 == "dropping" }
            }
            #expect(kept?.code == .occupied)
            let foreignPlace = TrafficFilterPlace(priority: 7, handle: 1)
            let foreign = #expect(throws: BPFError.self) {
                try TrafficFilter.attach(dropping, to: hook, at: foreignPlace)
            }
            #expect(foreign?.code == .occupied)
            try TrafficFilter.detach(from: hook, at: Self.place) { $0 == "passing" }
            let removed = try TrafficFilter.removeQdiscIfEmpty(interfaceIndex: Self.loopback)
            #expect(!removed)
        }
        let after = try await namespace.run(["tc", "filter", "show", "dev", "lo", "egress"]).standardOutput
        #expect(after == before)
    }

    @Test("An ingress qdisc in the place of clsact is somebody's, and a missing interface is not found")
    func refusals() async throws {
        let network = TestNetwork()
        let namespace = try network.addNamespace("tc")
        let output = try await namespace.run(["tc", "qdisc", "add", "dev", "lo", "ingress"])
        try #require(output.status.isSuccess, "\(output)")
        try await namespace.inside {
            let occupied = #expect(throws: BPFError.self) {
                try TrafficFilter.ensureQdisc(interfaceIndex: Self.loopback)
            }
            #expect(occupied?.code == .occupied)
            let removed = try TrafficFilter.removeQdiscIfEmpty(interfaceIndex: Self.loopback)
            #expect(!removed)
            let missing = #expect(throws: BPFError.self) { try TrafficFilter.ensureQdisc(interfaceIndex: 4711) }
            #expect(missing?.code == .notFound)
            let object = try BPFPrograms.loaded()
            let program = try object.program("passing")
            let hook = TrafficHook(interfaceIndex: 4711, .ingress)
            let error = #expect(throws: BPFError.self) { try TrafficFilter.attach(program, to: hook, at: Self.place) }
            #expect(error?.code == .notFound)
        }
    }
}
